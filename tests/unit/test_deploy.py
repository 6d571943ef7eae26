"""The manifests are valid, agree with each other, and speak of settings and files that exist."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest
import yaml

from holdfast.runtime.config import PREFIX

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy/kubernetes/base"
DOCKER = ROOT / "deploy/docker"
KUBERNETES = "1.37"
SERVICES = ("command-api", "stream-gateway")
MODULES = ("command_api", "stream_gateway")

Manifest = dict[str, Any]
FILES = sorted(path for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml")


def settings(module: str) -> dict[str, Any]:
    """`HOLDFAST_…` names that a service reads, with their defaults."""
    config = importlib.import_module(f"{module}.config").Config
    return {PREFIX + field.name.upper(): field.default for field in msgspec.structs.fields(config)}


def manifests() -> Iterator[Manifest]:
    for path in FILES:
        yield from yaml.safe_load_all(path.read_text())


def one(kind: str, name: str) -> Manifest:
    [found] = [m for m in manifests() if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def workloads() -> list[Manifest]:
    return [m for m in manifests() if m["kind"] in ("Deployment", "Job")]


def pod(workload: Manifest) -> Manifest:
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def container(workload: Manifest) -> Manifest:
    [only] = pod(workload)["containers"]
    assert isinstance(only, dict)
    return only


def environment(workload: Manifest) -> dict[str, str]:
    """What the container is told; "" for what comes from the Secret."""
    told: dict[str, str] = dict(one("ConfigMap", "holdfast")["data"])
    told.update({entry["name"]: entry.get("value", "") for entry in container(workload)["env"]})
    return told


def compose() -> Manifest:
    document: Manifest = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return document


by_name = pytest.mark.parametrize("workload", workloads(), ids=lambda m: m["metadata"]["name"])
by_service = pytest.mark.parametrize("name", SERVICES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_manifest_is_valid(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text()))
    assert documents
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_kustomization_names_exactly_the_files() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == [path.name for path in FILES]


def test_no_secret_is_kept_here() -> None:
    assert "Secret" not in {manifest["kind"] for manifest in manifests()}


@by_name
def test_every_setting_exists_and_every_required_one_is_given(workload: Manifest) -> None:
    module = container(workload)["args"][0]
    known = settings(module)
    told = environment(workload)
    own = {entry["name"] for entry in container(workload)["env"]}
    assert own <= known.keys()
    # The ConfigMap is for both services, so a name of it has to be known to one of them.
    assert (
        told.keys()
        <= known.keys() | settings("stream_gateway").keys() | settings("command_api").keys()
    )
    required = {name for name, default in known.items() if default is msgspec.NODEFAULT}
    assert required <= told.keys()


@by_name
def test_pod_runs_with_no_more_rights_than_it_needs(workload: Manifest) -> None:
    assert pod(workload)["securityContext"]["runAsNonRoot"] is True
    assert pod(workload)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(workload)["automountServiceAccountToken"] is False
    assert container(workload)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(workload)["resources"]["limits"].keys() == {"memory"}


@by_service
def test_ports_are_those_that_the_service_listens_on(name: str) -> None:
    workload = one("Deployment", name)
    module = container(workload)["args"][0]
    ports = {port["name"]: port["containerPort"] for port in container(workload)["ports"]}
    told = environment(workload)
    assert ports == {
        "http": settings(module)[f"{PREFIX}{module.upper()}_PORT"],
        "admin": int(told["HOLDFAST_ADMIN_PORT"]),
    }
    [port] = one("Service", name)["spec"]["ports"]
    assert port["targetPort"] in ports


@by_service
def test_probes_ask_what_the_services_answer(name: str) -> None:
    only = container(one("Deployment", name))
    probes = {kind: only[kind]["httpGet"] for kind in only if kind.endswith("Probe")}
    assert probes == {
        "startupProbe": {"path": "/livez", "port": "admin"},
        "livenessProbe": {"path": "/livez", "port": "admin"},
        "readinessProbe": {"path": "/readyz", "port": "admin"},
    }


@by_service
def test_grace_period_holds_the_sleep_the_drain_and_the_deadline(name: str) -> None:
    workload = one("Deployment", name)
    module = container(workload)["args"][0]
    told = {**settings(module), **environment(workload)}
    sleep = container(workload)["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = float(told["HOLDFAST_DRAIN_SECONDS"])
    deadline = float(told.get("HOLDFAST_DRAIN_DEADLINE_SECONDS", 0))
    assert pod(workload)["terminationGracePeriodSeconds"] >= sleep + drain + deadline + 5


@by_service
def test_selectors_meet_the_pods(name: str) -> None:
    labels = one("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    assert one("Deployment", name)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert one("Service", name)["spec"]["selector"].items() <= labels.items()
    budget = one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"]
    assert budget.items() <= labels.items()
    target = one("HorizontalPodAutoscaler", name)["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", name)


def test_one_image_everywhere() -> None:
    images = {container(workload)["image"] for workload in workloads()}
    images |= {
        service["image"]
        for service in compose()["services"].values()
        if service["image"].startswith("holdfast")
    }
    assert len(images) == 1


def test_network_policies_open_the_ports_in_use() -> None:
    policies = [m["spec"] for m in manifests() if m["kind"] == "NetworkPolicy"]
    open_ports = {
        port["port"]
        for policy in policies
        for rule in (*policy.get("ingress", ()), *policy.get("egress", ()))
        for port in rule["ports"]
    }
    nats = re.search(r":(\d+)$", one("ConfigMap", "holdfast")["data"]["HOLDFAST_NATS_URL"])
    assert nats
    assert open_ports == {"http", "admin", 53, 443, 5432, int(nats[1])}


def test_compose_runs_two_of_each_service() -> None:
    services = compose()["services"]
    for name, module in zip(SERVICES, MODULES, strict=True):
        pair = [service for service in services.values() if service.get("command") == [module]]
        assert len(pair) == 2, name
        published = [port for service in pair for port in service["ports"]]
        assert len(set(published)) == 2
        inside = settings(module)[f"{PREFIX}{module.upper()}_PORT"]
        assert all(port.endswith(f":{inside}") for port in published)
        assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in pair)


def test_compose_tells_only_settings_that_exist() -> None:
    known = settings("command_api").keys() | settings("stream_gateway").keys()
    for name, service in compose()["services"].items():
        if name not in ("postgres", "nats"):
            assert service["environment"].keys() <= known
        assert service.get("depends_on", {}).keys() <= compose()["services"].keys()


def test_compose_and_dockerfile_name_files_that_exist() -> None:
    for service in compose()["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            found = (
                (DOCKER / source).exists()
                if source.startswith(".")
                else source in compose()["volumes"]
            )
            assert found, source
    build = compose()["x-service"]["build"]
    assert (DOCKER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_dockerfile_copies_what_exists_and_what_the_ignore_file_lets_through() -> None:
    allowed = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    copies = re.findall(
        r"^COPY (?!--from)(\S+) ", (DOCKER / "Dockerfile").read_text(), re.MULTILINE
    )
    assert copies
    for source in copies:
        assert (ROOT / source).exists(), source
        assert f"!{source.rstrip('/')}" in allowed


def test_image_is_locked_and_unprivileged() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    assert "--require-hashes" in text
    assert "index-url" not in text
    assert ":latest" not in text
    users = re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)
    assert users
    assert int(users[-1]) == pod(one("Deployment", "command-api"))["securityContext"]["runAsUser"]


def test_readme_speaks_only_of_settings_that_exist() -> None:
    text = (ROOT / "deploy/README.md").read_text()
    known = settings("command_api").keys() | settings("stream_gateway").keys()
    named = set(re.findall(r"\bHOLDFAST_[A-Z_]+[A-Z]\b", text))
    assert named <= known | {"HOLDFAST_POSTGRES_PASSWORD"}
