"""Refusals of files of predictions."""

from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.rule import Rule, Rules

PREDICTIONS: Rules = {
    RefusalCode.PREDICTIONS_MALFORMED: Rule(
        "Predictions are matched with their examples by id, so the file must be CSV in UTF-8 and "
        "begin with a header whose first column is id.",
        "Write the table with pandas: to_csv('predictions.csv', index=False), the column id first.",
    ),
    RefusalCode.PREDICTIONS_PARQUET: Rule(
        "Files of strangers are read by as little code as possible, and Parquet takes a lot.",
        "Write the table with pandas: to_csv('predictions.csv', index=False), the column id first.",
    ),
    RefusalCode.PREDICTIONS_TOO_LARGE: Rule(
        "The whole file is read when it is scored, so its size is limited.",
        "Write fewer digits, and only the columns that the competition asks for.",
    ),
}
