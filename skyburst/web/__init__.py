"""The HTTP API: the same code behind `skyburst serve` and behind API Gateway.

`service.py` says what it does, in plain functions over a home; `app.py` says under which paths, and makes its OpenAPI document;
`local.py` serves it on this machine.
"""
