"""The timeline of a job: what each of its parts did when, in numbers, as a picture and as a page."""
