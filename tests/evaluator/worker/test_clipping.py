"""Text that does not fit is cut where it matters least."""

from hypothesis import given
from hypothesis import strategies as st

from evaluator.contract import LOG_CHARACTERS, PredictReport
from evaluator.worker.clipping import DETAIL_CHARACTERS, clip_detail, clip_log

TOKEN = "report-token-0123456789"


@given(text=st.text(max_size=400), limit=st.integers(100, 300))
def test_a_log_fits_and_keeps_both_ends(text: str, limit: int) -> None:
    clipped = clip_log(text, limit)
    assert len(clipped) <= limit
    assert "\0" not in clipped
    if len(text) <= limit:
        assert clipped == text.replace("\0", "\ufffd").encode(errors="replace").decode()
    else:
        assert "characters cut" in clipped


def test_a_long_log_keeps_its_beginning_and_its_end() -> None:
    clipped = clip_log("begin " + "." * 2 * LOG_CHARACTERS + " end")
    assert clipped.startswith("begin ")
    assert clipped.endswith(" end")
    assert LOG_CHARACTERS - 5 < len(clipped) <= LOG_CHARACTERS


def test_what_is_clipped_can_be_sent() -> None:
    text = "\0\ud800" * LOG_CHARACTERS
    report = PredictReport(
        attempt=1,
        report_token=TOKEN,
        failure_detail=clip_detail(text),
        smoke_log=clip_log(text),
    )
    assert PredictReport.model_validate_json(report.model_dump_json()) == report
    assert len(report.failure_detail) == DETAIL_CHARACTERS
