"""How large a result may be: by what it is, not by what another kind of result may have."""

import io

import pytest

from evaluator.contract import PredictJob, ScoreJob
from minigiants.core.problems import InvalidInput
from minigiants.submissions import blobs
from minigiants.submissions.blobs import result_store
from tests.support.factories import pack_spec
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db

OUTPUT_BYTES = 1024
LARGE = b"x" * (OUTPUT_BYTES + blobs.PREDICTIONS_OVERHEAD + 1)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


def stored(pipeline: Pipeline, job: PredictJob | ScoreJob, content: bytes) -> bool:
    try:
        return pipeline.store(job, content).size == len(content)
    except InvalidInput:
        return False


def test_a_small_output_bounds_predictions_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = pack_spec(runtime={"limits": {"output_bytes": OUTPUT_BYTES}})
    evaluation = queued_submission(runnable_competition(spec=spec)).evaluations.get()
    job = pipeline.claim_predict(evaluation)
    assert not stored(pipeline, job, LARGE)
    assert stored(pipeline, job, LARGE[:-1])
    pipeline.report_predictions(job)

    losses = pipeline.claim_score(evaluation)
    assert stored(pipeline, losses, LARGE)
    monkeypatch.setattr(blobs, "EVIDENCE_BYTES", len(LARGE) - 1)
    assert not stored(pipeline, losses, LARGE)


def test_a_file_of_results_is_as_large_as_it_was_handed_in(pipeline: Pipeline) -> None:
    spec = pack_spec(
        formats=["predictions"],
        runtime={"limits": {"output_bytes": OUTPUT_BYTES}},
        data={"public": ["train.csv"], "labels": "labels.csv"},
    )
    submission = queued_submission(runnable_competition(spec=spec), format="predictions")
    job = pipeline.claim_predict(submission.evaluations.get())
    size = job.artifact[0].size

    assert stored(pipeline, job, b"x" * size)
    with pytest.raises(InvalidInput, match=f"larger than {size} bytes"):
        result_store(
            evaluation_id=job.evaluation,
            token=job.report_token,
            body=io.BytesIO(b"x" * (size + 1)),
        )
