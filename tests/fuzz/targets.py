"""All targets by name, and where their corpora are kept."""

from pathlib import Path
from typing import Final

from tests.fuzz import audit_targets, documents_targets, http_targets, sealed_targets, visit_targets, wire_targets
from tests.fuzz.target import Target

CORPUS: Final = Path(__file__).with_name("corpus")
TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for module in (audit_targets, documents_targets, sealed_targets, wire_targets, visit_targets, http_targets)
    for target in module.TARGETS
}
