"""Files on their way in, as the tests look at them."""

import io

from contacts.imports import jobs


def staged(text, encoding="utf-8"):
    return jobs.stage(io.BytesIO(text.encode(encoding)), "people.csv", None)


def imported(text, encoding="utf-8"):
    job = staged(text, encoding)
    jobs.start(job)
    jobs.advance(job.pk)
    job.refresh_from_db()
    return job


def counts(job):
    return (job.created, job.updated, job.unchanged, job.failed)
