"""The OpenAPI document tells the truth about errors, sign-in and every operation, and needs nothing from outside."""

from typing import Any

import httpx
from litestar import Litestar, Response
from litestar.response import File, Stream
from litestar.routes import HTTPRoute

from irm.documents.media import GIVES_OPT

DOCUMENT = "/api/v1/openapi/openapi.json"

OF_THEIR_OWN = {
    "/api/v1/sms/inbound",
    "/api/v1/sms/status",
    "/api/v1/voice/inbound",
    "/api/v1/mail/inbound",
    "/api/v1/screen",
    "/api/v1/intake/{source}",
    "/api/v1/oidc/backchannel-logout",
}
"""Who calls here proves it by a secret of another kind."""


async def document(client: httpx.AsyncClient) -> Any:
    answer = await client.get(DOCUMENT)
    assert answer.status_code == 200
    return answer.json()


def operations(described: Any) -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_error_answer_is_a_problem(client: httpx.AsyncClient) -> None:
    for method, path, operation in operations(await document(client)):
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        assert "default" in errors, (method, path)
        for status, answer in errors.items():
            content = answer["content"]
            assert list(content) == ["application/problem+json"], (method, path, status)
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        if "{" in path:
            assert "404" in errors, (method, path)
        if operation.get("requestBody"):
            assert "422" in errors, (method, path)


async def test_every_operation_says_how_to_sign_in_and_what_it_does(client: httpx.AsyncClient) -> None:
    described = await document(client)
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
    for method, path, operation in operations(described):
        assert operation.get("description", "").strip(), (method, path)
        if path in OF_THEIR_OWN:
            assert operation["security"] == []
            assert "401" in operation["responses"]
        else:
            assert operation["security"] == [{"token": []}, {"session": []}], (method, path)
            assert {"401", "403"} <= set(operation["responses"]), (method, path)


async def test_a_file_is_documented_with_its_content_type(application: Litestar, client: httpx.AsyncClient) -> None:
    """A handler that answers bytes or a stream says of which kind they are; the framework would write JSON."""
    described = await document(client)
    files = 0
    for route in application.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            answers = handler.parsed_fn_signature.return_type
            if route.path_format in described["paths"] and answers.annotation in (Response[bytes], Stream, File):
                files += 1
                (method,) = handler.http_methods - {"OPTIONS", "HEAD"}
                good = {
                    status: list(answer["content"])
                    for status, answer in described["paths"][route.path_format][method.lower()]["responses"].items()
                    if status.startswith("2")
                }
                wanted = list(handler.opt.get(GIVES_OPT, [handler.media_type]))
                assert list(good.values()) == [wanted], (method, route.path_format)
                assert GIVES_OPT in handler.opt or handler.media_type is not None, (method, route.path_format)
    assert files > 10


async def test_the_document_describes_no_handler_of_the_framework(client: httpx.AsyncClient) -> None:
    described = await document(client)
    assert not [path for path in described["paths"] if path.startswith("/api/v1/openapi")]
    assert "http://" not in str(described)
    assert "https://" not in str(described)
