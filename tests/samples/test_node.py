"""The Node.js samples, run by node with the vendor's core package, send the call they were made from.

The core package is on npm: `npm install --prefix build/node @huaweicloud/huaweicloud-sdk-core uuid@9.0.0` (it wants uuid and
does not say so), or OPENCBR_TEST_NODE_MODULES names the folder `node_modules` that has both. The package for CBR is not on
npm: `stand_in.js` stands for it where that folder does not have it either.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr import contract
from opencbr.samples.sdk.node import quoted

from .calls import HOSTILE, OPERATIONS, call_of, smallest, text_in
from .recorder import Recorder, wanted

NODE = shutil.which("node") or ""
MODULES = Path(
    os.environ.get("OPENCBR_TEST_NODE_MODULES") or Path(__file__).parents[2] / "build/node/node_modules"
)
VENDOR = "@huaweicloud"

needs_node = pytest.mark.skipif(not NODE, reason="node is not installed")
needs_core = pytest.mark.skipif(
    not (MODULES / VENDOR / "huaweicloud-sdk-core").is_dir(),
    reason=f"{MODULES} lacks the core package: npm install --prefix build/node {VENDOR}/huaweicloud-sdk-core uuid@9.0.0",
)

ONE_AFTER_THE_OTHER = """
const scripts = process.argv.slice(2);
const next = () => scripts.length && require(scripts.shift());
process.on("beforeExit", next);
next();
"""
"""One process for all samples: the next is loaded when the one before has nothing left to do."""

READ = """
const scripts = process.argv.slice(2);
scripts.forEach((script) => new (require("vm").Script)(require("fs").readFileSync(script, "utf8")));
console.log(scripts.length);
"""


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory) -> Path:
    """A folder whose scripts find both packages."""
    folder = tmp_path_factory.mktemp("node")
    vendor = folder / "node_modules" / VENDOR
    vendor.mkdir(parents=True)
    (vendor / "huaweicloud-sdk-core").symlink_to(MODULES / VENDOR / "huaweicloud-sdk-core")
    real = MODULES / VENDOR / "huaweicloud-sdk-cbr"
    if real.is_dir():
        (vendor / "huaweicloud-sdk-cbr").symlink_to(real)
        return folder
    package = vendor / "huaweicloud-sdk-cbr"
    package.mkdir()
    shutil.copy(Path(__file__).with_name("stand_in.js"), package / "index.js")
    shutil.copy(Path(contract.__file__).with_name("operations.json"), package)
    return folder


@needs_node
@needs_core
@pytest.mark.parametrize("text", [HOSTILE, "line\nbreak\ttab\u202e\u2028"], ids=["hostile", "control"])
def test_every_sample_sends_its_call(text, folder: Path, recorder: Recorder):
    # The vendor's SDK puts values of a path into it as they are: what an id cannot have is not ours to mend.
    calls = [call_of(operation, text, recorder.url, path_text="id-1") for operation in OPERATIONS]
    scripts = []
    for call in calls:
        scripts.append(folder / f"{call.operation}.js")
        scripts[-1].write_text(text_in(call, "sdk-node"))
    variables = {"HUAWEICLOUD_SDK_AK": "access", "HUAWEICLOUD_SDK_SK": "secret", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [NODE, "-e", ONE_AFTER_THE_OTHER, "runner", *scripts],
        check=False,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    received = list(recorder.received)
    recorder.received.clear()
    assert received == [wanted(call) for call in calls]
    for one in received:
        assert one.headers["authorization"].startswith("SDK-HMAC-SHA256 Access=access,")


@needs_node
def test_node_reads_every_sample(tmp_path: Path):
    """All in one process: `node --check` takes one file, and starting it for each would take minutes."""
    scripts = []
    for operation in OPERATIONS:
        for call in (call_of(operation, HOSTILE), smallest(operation)):
            scripts.append(tmp_path / f"{len(scripts)}.js")
            scripts[-1].write_text(text_in(call, "sdk-node"))
    done = subprocess.run([NODE, "-e", READ, "reader", *scripts], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{2 * len(OPERATIONS)}\n", "")


@needs_node
@settings(max_examples=8)
@given(st.lists(st.text(), min_size=30))
def test_a_literal_is_the_text(texts):
    program = f"console.log(JSON.stringify([{', '.join(map(quoted, texts))}]))"
    done = subprocess.run([NODE, "-"], input=program.encode(), check=True, capture_output=True)
    assert json.loads(done.stdout) == texts
