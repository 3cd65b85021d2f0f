"""What can go wrong on the way from files to an artifact."""

from minigiants.core.problems import Problem


class UploadTooLarge(Problem):
    code = "upload_too_large"
    status = 413
    title = "The upload is larger than this competition takes"
    mend = "Send only what the model needs: weights, configuration, source."


class TooManyFiles(Problem):
    code = "too_many_files"
    status = 413
    title = "The upload has more files than this competition takes"
    mend = "Send only what the model needs: weights, configuration, source."


class TooManyUploads(Problem):
    code = "too_many_uploads"
    status = 429
    title = "Too many uploads are open"
    mend = "Complete or abort one of them first."


class UploadIncomplete(Problem):
    code = "upload_incomplete"
    status = 409
    title = "Parts of the upload are missing"
    mend = "Send the parts listed in `missing`, then complete again."


class UploadClosed(Problem):
    code = "upload_closed"
    status = 409
    title = "This upload is no longer open"
    mend = "Start a new upload; files that your team has sent before need not be sent again."


class PartMismatch(Problem):
    code = "part_checksum_mismatch"
    status = 422
    title = "The part that arrived is not the part that was sent"
    mend = "Send it again."


class PartLength(Problem):
    code = "part_wrong_length"
    status = 422
    title = "The part has the wrong length"
    mend = "Every part is 8 MiB (8,388,608 bytes) but the last of a file. Send it again, whole."


class PartConflict(Problem):
    code = "part_conflict"
    status = 409
    title = "This part was already received with other bytes"
    mend = "The file changed while it was sent. Start a new upload."


class FileKnown(Problem):
    code = "file_known"
    status = 409
    title = "The bytes of this file are there already"
    mend = "Send nothing for it. GET /uploads/{id} tells which parts are still missing."


class PartInFlight(Problem):
    code = "part_in_flight"
    status = 409
    title = "This very part is just being received"
    mend = "Wait for the other request to end, then ask which parts are missing."


class PartElsewhere(Problem):
    code = "part_elsewhere"
    status = 409
    title = "This server takes no parts itself"
    mend = "Ask POST /uploads/{id}/files/{position}/parts/{n}/address where to send the part."


class StorageFull(Problem):
    code = "storage_full"
    status = 507
    title = "The server has no room for this part"
    mend = "Nothing of yours is at fault; try again later. The operators see this error too."
