"""The counted buckets: functions that read them, and the trigger that keeps them.

Over the standings of a board lie levels of buckets. A bucket of level 0 holds the standings whose
places lie between its `lower` and the next bucket's, at most `board_fanout()` of them; one of level
l + 1 holds buckets of level l in the same way. A node's children are what it holds; over the
highest level stands the root, which is no row. Each function walks one way down from it.

Whoever writes standings holds the board's row (FOR NO KEY UPDATE): the trigger takes it where the
caller has not. Counts are taken afresh from the children, never added to, so that one pass over a
place mends whatever stood there.
"""

from django.db import migrations

SHARED = r"""
CREATE FUNCTION board_fanout() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 128';

-- Greater than every place: places begin with the bits of a finite number.
CREATE FUNCTION board_end() RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT '\xffff'::bytea $$;

-- Where the bucket that begins at `start` ends: at the next one's bound.
CREATE FUNCTION board_next_bound(of_board uuid, of_level integer, start bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT lower FROM leaderboards_bucket
         WHERE board_id = of_board AND level = of_level AND lower > start
         ORDER BY lower LIMIT 1),
        board_end())
$$;

-- How many levels of buckets a board has. A small board has none.
CREATE FUNCTION board_levels(of_board uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(level) + 1, 0) FROM leaderboards_bucket WHERE board_id = of_board
$$;

-- What a node of a level holds between two places: standings, or buckets of the level below.
CREATE FUNCTION board_children(of_board uuid, of_level integer, start bytea, finish bytea)
RETURNS TABLE (lower bytea, standings bigint, fewest bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF of_level = 0 THEN
        RETURN QUERY SELECT s.place, 1::bigint, s.parameters FROM leaderboards_standing s
            WHERE s.board_id = of_board AND s.place >= start AND s.place < finish
            ORDER BY s.place;
    ELSE
        RETURN QUERY SELECT b.lower, b.standings::bigint, b.least_parameters
            FROM leaderboards_bucket b
            WHERE b.board_id = of_board AND b.level = of_level - 1
                AND b.lower >= start AND b.lower < finish
            ORDER BY b.lower;
    END IF;
END
$$;
"""

READING = r"""
-- How many standings come before a place.
CREATE FUNCTION board_standings_before(of_board uuid, at_place bytea) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    height integer;
    start bytea := '';
    holder bytea;
    here bigint;
    total bigint := 0;
BEGIN
    height := board_levels(of_board);
    FOR l IN REVERSE height - 1 .. 0 LOOP
        SELECT lower INTO holder FROM leaderboards_bucket
            WHERE board_id = of_board AND level = l AND lower <= at_place
            ORDER BY lower DESC LIMIT 1;
        SELECT coalesce(sum(standings), 0) INTO here FROM leaderboards_bucket
            WHERE board_id = of_board AND level = l AND lower >= start AND lower < holder;
        total := total + here;
        start := holder;
    END LOOP;
    SELECT count(*) INTO here FROM leaderboards_standing
        WHERE board_id = of_board AND place >= start AND place < at_place;
    RETURN total + here;
END
$$;

-- The place of the standing at an offset, from 0; null past the end.
CREATE FUNCTION board_place_at(of_board uuid, at_offset bigint) RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    height integer;
    start bytea := '';
    finish bytea := board_end();
    passed bigint;
    remaining bigint := at_offset;
    found_place bytea;
BEGIN
    height := board_levels(of_board);
    FOR l IN REVERSE height - 1 .. 0 LOOP
        SELECT counted.lower, counted.reached - counted.standings INTO start, passed
        FROM (
            SELECT b.lower, b.standings, sum(b.standings) OVER (ORDER BY b.lower) AS reached
            FROM leaderboards_bucket b
            WHERE b.board_id = of_board AND b.level = l AND b.lower >= start AND b.lower < finish
        ) counted
        WHERE counted.reached > remaining ORDER BY counted.lower LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        remaining := remaining - passed;
        finish := board_next_bound(of_board, l, start);
    END LOOP;
    SELECT place INTO found_place FROM leaderboards_standing
        WHERE board_id = of_board AND place >= start ORDER BY place OFFSET remaining LIMIT 1;
    RETURN found_place;
END
$$;

-- The first place whose model has at most so many parameters; null where none has.
CREATE FUNCTION board_first_within(of_board uuid, at_most bigint) RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    height integer;
    start bytea := '';
    finish bytea := board_end();
    found_place bytea;
BEGIN
    height := board_levels(of_board);
    FOR l IN REVERSE height - 1 .. 0 LOOP
        SELECT lower INTO start FROM leaderboards_bucket
            WHERE board_id = of_board AND level = l AND lower >= start AND lower < finish
                AND least_parameters <= at_most
            ORDER BY lower LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        finish := board_next_bound(of_board, l, start);
    END LOOP;
    SELECT place INTO found_place FROM leaderboards_standing
        WHERE board_id = of_board AND place >= start AND place < finish AND parameters <= at_most
        ORDER BY place LIMIT 1;
    RETURN found_place;
END
$$;
"""

WRITING = r"""
-- Count a bucket's children afresh. Returns how many it has.
CREATE FUNCTION board_recount(of_board uuid, of_level integer, start bytea) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    counted record;
BEGIN
    SELECT count(*)::integer AS children, coalesce(sum(c.standings), 0) AS held, min(c.fewest) AS fewest
        INTO counted
        FROM board_children(
            of_board, of_level, start, board_next_bound(of_board, of_level, start)) c;
    UPDATE leaderboards_bucket SET standings = counted.held, least_parameters = counted.fewest
        WHERE board_id = of_board AND level = of_level AND lower = start;
    RETURN counted.children;
END
$$;

-- Put bounds of a level among the children between two places, so that each part is between a half
-- and three quarters full.
CREATE FUNCTION board_divide(
    of_board uuid, of_level integer, start bytea, finish bytea, children integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parts integer := children / (board_fanout() / 2);
    part integer := ceil(children::numeric / parts);
    bound bytea;
BEGIN
    INSERT INTO leaderboards_bucket (board_id, level, lower, standings)
        SELECT of_board, of_level, numbered.lower, 0
        FROM (
            SELECT c.lower, row_number() OVER (ORDER BY c.lower) - 1 AS n
            FROM board_children(of_board, of_level, start, finish) c
        ) numbered
        WHERE numbered.n > 0 AND numbered.n % part = 0;
    FOR bound IN SELECT lower FROM leaderboards_bucket
        WHERE board_id = of_board AND level = of_level AND lower >= start AND lower < finish
    LOOP
        PERFORM board_recount(of_board, of_level, bound);
    END LOOP;
END
$$;

-- Take a bound away where that leaves its bucket and the one to the left half full at most. A
-- bound that the level above has too stays, and so does the first.
CREATE FUNCTION board_unite(of_board uuid, of_level integer, bound bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    left_bound bytea;
    children integer;
BEGIN
    IF bound = '' OR bound = board_end() OR EXISTS (
        SELECT FROM leaderboards_bucket
        WHERE board_id = of_board AND level = of_level + 1 AND lower = bound
    ) THEN
        RETURN;
    END IF;
    SELECT lower INTO left_bound FROM leaderboards_bucket
        WHERE board_id = of_board AND level = of_level AND lower < bound
        ORDER BY lower DESC LIMIT 1;
    SELECT count(*) INTO children FROM board_children(
        of_board, of_level, left_bound, board_next_bound(of_board, of_level, bound));
    IF children <= board_fanout() / 2 THEN
        DELETE FROM leaderboards_bucket
            WHERE board_id = of_board AND level = of_level AND lower = bound;
        PERFORM board_recount(of_board, of_level, left_bound);
    END IF;
END
$$;

-- Set all buckets right that hold a place, after what stands there has changed.
CREATE FUNCTION board_settle(of_board uuid, at_place bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    height integer;
    holder bytea;
    finish bytea;
    children integer;
BEGIN
    PERFORM FROM leaderboards_board WHERE id = of_board FOR NO KEY UPDATE;
    height := board_levels(of_board);
    FOR l IN 0 .. height - 1 LOOP
        SELECT lower INTO holder FROM leaderboards_bucket
            WHERE board_id = of_board AND level = l AND lower <= at_place
            ORDER BY lower DESC LIMIT 1;
        finish := board_next_bound(of_board, l, holder);
        children := board_recount(of_board, l, holder);
        IF children > board_fanout() THEN
            PERFORM board_divide(of_board, l, holder, finish, children);
        ELSIF children <= board_fanout() / 4 THEN
            PERFORM board_unite(of_board, l, finish);
            PERFORM board_unite(of_board, l, holder);
        END IF;
    END LOOP;
    LOOP
        SELECT count(*) INTO children FROM board_children(of_board, height, '', board_end());
        EXIT WHEN children <= board_fanout();
        INSERT INTO leaderboards_bucket (board_id, level, lower, standings)
            VALUES (of_board, height, '', 0);
        PERFORM board_divide(of_board, height, '', board_end(), children);
        height := height + 1;
    END LOOP;
END
$$;

-- Build the buckets of a board anew, for after standings were loaded with the trigger disabled.
CREATE FUNCTION board_rebuild(of_board uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leaderboards_board WHERE id = of_board FOR NO KEY UPDATE;
    DELETE FROM leaderboards_bucket WHERE board_id = of_board;
    PERFORM board_settle(of_board, '');
END
$$;

CREATE FUNCTION board_standing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.board_id = NEW.board_id AND OLD.place = NEW.place
        AND OLD.parameters = NEW.parameters
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM board_settle(OLD.board_id, OLD.place);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM board_settle(NEW.board_id, NEW.place);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER board_standing_changed AFTER INSERT OR UPDATE OR DELETE ON leaderboards_standing
    FOR EACH ROW EXECUTE FUNCTION board_standing_changed();
"""

GONE = """
DROP TRIGGER board_standing_changed ON leaderboards_standing;
DROP FUNCTION board_standing_changed(), board_rebuild(uuid), board_settle(uuid, bytea),
    board_unite(uuid, integer, bytea), board_divide(uuid, integer, bytea, bytea, integer),
    board_recount(uuid, integer, bytea), board_first_within(uuid, bigint),
    board_place_at(uuid, bigint), board_standings_before(uuid, bytea),
    board_children(uuid, integer, bytea, bytea), board_next_bound(uuid, integer, bytea),
    board_levels(uuid), board_end(), board_fanout();
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboards", "0002_counted_boards")]

    operations = [migrations.RunSQL(SHARED + READING + WRITING, GONE)]
