"""Conformity: whether a running service answers as its OpenAPI document says, whatever it is asked.

Schemathesis makes the requests and checks the answers. Left to itself it would guess ids for ever, so
what is known to be there is put in their place, most of the time.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.known import GROUNDED, Known

from holdfast.contracts.facts import problem_type
from holdfast.contracts.problems import PROBLEM_JSON, Code

Json = dict[str, Any]
Headers = dict[str, str]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
ASKERS_EACH = 3
"""Making a request takes longer than having it answered."""
STRANGE = ("no_such", "x" * 65, "ünïcode 🦊", "a%2Fb", "a%00b", "..;", " ")
"""For paths, where there is nothing."""
MOST_ITEMS = 20
PLACEHOLDER = "x"
Case = schemathesis.Case[Any]
Sign = Callable[[bytes], Headers]


class Asked(NamedTuple):
    """A request that succeeded, the last one with a body."""

    by: str
    body: Any
    headers: Headers
    path: dict[str, Any]
    query: Json


class Conformity:
    """One service. `reached`: how often each operation gave each status; `met`: each code."""

    def __init__(self, url: str, document: Json, askers: Mapping[str, Headers]) -> None:
        self.url = url
        self.askers = dict(askers)
        self.known = Known()
        self.signers: dict[str, Sign] = {}
        self.reached: dict[str, Counter[int]] = defaultdict(Counter)
        self.met: Counter[str] = Counter()
        self.succeeded: dict[str, Asked] = {}
        self._session = requests.Session()
        config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
        self._schema = schemathesis.openapi.from_dict(_lighter(document), config=config)
        self._operations = {
            operation.definition.raw["operationId"]: operation for operation in _made(self._schema)
        }

    def close(self) -> None:
        self._session.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._operations)

    def ask(
        self,
        operation_id: str,
        by: str,
        body: Any = None,
        *,
        expect: int = 200,
        headers: Headers | None = None,
        query: Json | None = None,
        **path: Any,
    ) -> Any:
        """One request that is meant to succeed; its answer's JSON."""
        operation = self._operations[operation_id]
        path = {"club": "backroom", "venue": "leeds", **path}
        case = operation.Case(
            path_parameters={each.name: path[each.name] for each in operation.path_parameters},
            query=query or {},
            headers=headers or {},
            **({} if body is None else {"body": body, "media_type": "application/json"}),
        )
        response = self._send(operation_id, case, by, fresh=True)
        assert response.status_code == expect, (operation_id, response.status_code, response.text)
        if body is not None or operation_id not in self.succeeded:
            self.succeeded[operation_id] = Asked(by, body, headers or {}, path, query or {})
        return response.json()

    def parameters(self, operation_id: str, where: str) -> list[str]:
        """Names of the parameters in the query or in the path."""
        operation = self._operations[operation_id]
        found = operation.query if where == "query" else operation.path_parameters
        return [each.name for each in found]

    def send(
        self, operation_id: str, body: bytes | None, asked: Asked, **headers: str
    ) -> requests.Response:
        """A request like `asked`, with `body` as it is."""
        operation = self._operations[operation_id]
        sent = {"Content-Type": "application/json", **self.askers[asked.by], **asked.headers}
        if self._is_keyed(operation):
            sent["Idempotency-Key"] = secrets.token_hex(12)
        if operation_id in self.signers:
            sent |= self.signers[operation_id](body or b"")
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.url + operation.path.format(**asked.path)
        return self._session.request(
            operation.method.upper(), url, data=body, headers=sent, params=asked.query
        )

    def takes_body(self, operation_id: str) -> bool:
        return "requestBody" in self._operations[operation_id].definition.raw

    def documented(self, operation_id: str, status: int) -> list[str]:
        """The codes that the document has for a status."""
        responses = self._operations[operation_id].definition.raw["responses"]
        if str(status) not in responses:
            return []
        content = responses[str(status)].get("content", {})
        codes = (
            content.get(PROBLEM_JSON, {}).get("schema", {}).get("properties", {}).get("code", {})
        )
        return list(codes.get("enum", []))

    def fuzz(self, operation_id: str, examples: int, *, whole: bool = False) -> None:
        """Generated requests, each of some askers, the same in each run. Raises what schemathesis
        finds. `whole`: paths and keys are generated as well, which takes twice the time."""
        operation = self._operations[operation_id]
        fixed: Json = {}
        if not whole:
            fixed["path_parameters"] = {
                each.name: PLACEHOLDER for each in operation.path_parameters
            }
            if self._is_keyed(operation):
                fixed["headers"] = {"Idempotency-Key": "again"}
        strategy = st.one_of([operation.as_strategy(mode, **fixed) for mode in MODES])

        # Not from hypothesis, which would begin with the same chances for each operation.
        chance = Random(operation_id)

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy, st.integers(0, 2**30))
        def requests_of_all_kinds(case: Case, _again: int) -> None:
            self._ground(case, chance)
            for by in chance.sample(sorted(self.askers), ASKERS_EACH):
                self._send(operation_id, case, by, fresh=chance.random() < GROUNDED)

        requests_of_all_kinds()

    def _ground(self, case: Case, chance: Random) -> None:
        path, parts = case.path_parameters, case.path.split("/")
        for name, generated in path.items():
            known = self.known.values[name]
            if name == "id":
                known = self.known.ids[parts[parts.index("{id}") - 1]]
            if known and (generated == PLACEHOLDER or chance.random() < GROUNDED):
                path[name] = chance.choice(known)
        if path and chance.random() > GROUNDED:
            path[chance.choice(sorted(path))] = chance.choice(STRANGE)
        case.query = self.known.ground(dict(case.query), chance)
        if not isinstance(case.body, schemathesis.core.NotSet):
            case.body = self.known.ground(case.body, chance)

    def _send(
        self, operation_id: str, case: Case, by: str, *, fresh: bool
    ) -> schemathesis.Response:
        headers = dict(self.askers[by])
        if fresh and self._is_keyed(case.operation):
            headers["Idempotency-Key"] = secrets.token_hex(12)
        if fresh and operation_id in self.signers:
            headers |= self.signers[operation_id](_as_sent(case.body))
        answer = case.call(
            base_url=self.url, session=self._session, headers=headers, allow_redirects=False
        )
        case.validate_response(answer, checks=CHECKS, headers=headers)
        self.reached[operation_id][answer.status_code] += 1
        if answer.headers.get("content-type") == [PROBLEM_JSON]:
            self._check_problem(case, answer.json())
        return answer

    @staticmethod
    def _is_keyed(operation: Any) -> bool:
        return "Idempotency-Key" in {each.name for each in operation.headers}

    def _check_problem(self, case: Case, problem: Json) -> None:
        """Facts are those of the code, and none besides."""
        code = Code(problem["code"])
        self.met[code] += 1
        responses = case.operation.definition.raw["responses"]
        documented = responses[str(problem["status"])]["content"][PROBLEM_JSON]["schema"]
        told = {field.encode_name for field in msgspec.structs.fields(problem_type(code))}
        told |= set(documented["properties"])
        assert set(problem) <= told, (code, set(problem) - told)


def _made(schema: schemathesis.BaseSchema) -> Iterator[Any]:
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        yield result.ok()


def _lighter(schema: Any) -> Any:
    """Without bounds that take seconds to break, by lists of a thousand ids: other tests do."""
    if isinstance(schema, list):
        return [_lighter(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    bound = schema.get("maxItems")
    heavy = isinstance(bound, int) and bound > MOST_ITEMS
    return {
        name: _lighter(each) for name, each in schema.items() if not (heavy and name == "maxItems")
    }


def _as_sent(body: Any) -> bytes:
    try:
        return json.dumps(body).encode()
    except TypeError:
        return b""
