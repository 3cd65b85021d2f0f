"""Whatever changes what stands on a board makes its statistics due: the database itself counts it.

Where a submission is scored anew, its losses change even where its score does not.
"""

from django.db import migrations

COUNTING = r"""
CREATE FUNCTION board_statistics_want() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO leaderboards_boardstatistics
        (board_id, changes, computed, interval_method, test_method)
    SELECT DISTINCT board_id, 1, 0, '', '' FROM changed
    ON CONFLICT (board_id)
    DO UPDATE SET changes = leaderboards_boardstatistics.changes + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER board_statistics_inserted AFTER INSERT ON leaderboards_standing
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_statistics_want();
CREATE TRIGGER board_statistics_updated AFTER UPDATE ON leaderboards_standing
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_statistics_want();

-- A board that goes takes its statistics with it: they must not come back.
CREATE FUNCTION board_statistics_want_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leaderboards_boardstatistics SET changes = changes + 1
    WHERE board_id IN (SELECT board_id FROM changed);
    RETURN NULL;
END
$$;

CREATE TRIGGER board_statistics_deleted AFTER DELETE ON leaderboards_standing
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_statistics_want_again();

CREATE FUNCTION board_statistics_of_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leaderboards_boardstatistics SET changes = changes + 1
    WHERE board_id IN (SELECT id FROM leaderboards_board WHERE phase_id = NEW.phase_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER board_statistics_rescored
    AFTER UPDATE OF losses_digest, test_set, is_released ON leaderboards_evidence
    FOR EACH ROW EXECUTE FUNCTION board_statistics_of_phase();
"""

GONE = """
DROP TRIGGER board_statistics_rescored ON leaderboards_evidence;
DROP TRIGGER board_statistics_deleted ON leaderboards_standing;
DROP TRIGGER board_statistics_updated ON leaderboards_standing;
DROP TRIGGER board_statistics_inserted ON leaderboards_standing;
DROP FUNCTION board_statistics_of_phase(), board_statistics_want_again(), board_statistics_want();
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboards", "0004_statistics")]

    operations = [migrations.RunSQL(COUNTING, GONE)]
