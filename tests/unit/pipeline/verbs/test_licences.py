"""docs/licences.md names all that is locked, and its licences are read as packages and jars state them."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import Distribution

import pytest

from pipeline.engines.jars.artifacts import read_lock
from pipeline.settings import CHECKOUT
from pipeline.verbs.licences import jars, packages
from pipeline.verbs.licences.__main__ import PAGE, completed, page, stated
from pipeline.verbs.licences.names import UNKNOWN, is_copyleft, spdx

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><licenses>
<license><name>MPL 1.1</name></license><license><url>http://apache.org/LICENSE</url></license></licenses></project>"""


def listed(heading: str) -> set[str]:
    """Return the parts that the page names under a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([^`]+)`", section))


def test_every_locked_part_is_listed_and_no_licence_is_unknown():
    ours = packages.locked(CHECKOUT / "requirements.lock")
    assert listed("Python packages") == ours
    assert listed("Python packages of Superset") == packages.locked(CHECKOUT / "requirements-superset.lock") - ours
    wanted = {jars.VERSION.sub("", one.filename.removesuffix(".jar")) for one in read_lock() if one.ext == "jar"}
    assert wanted - listed("Jars") - {"presto-cli"} == set(), "run python -m pipeline.verbs.licences"
    assert UNKNOWN not in PAGE.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
        ("CDDL + GPLv2 with classpath exception", "GPL-2.0 WITH Classpath-exception-2.0"),
        ("MPL 1.1; LGPL 2.1; Apache License 2.0", "MPL-2.0 OR LGPL-2.1 OR Apache-2.0"),
        ("SPDX-License-Identifier: Apache-2.0 OR LGPL-2.1", "Apache-2.0 OR LGPL-2.1"),
        ("GNU Lesser General Public License", "LGPL-2.1"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("BSD License", "BSD-3-Clause"),
        ("Simplified BSD", "BSD-2-Clause"),
        ("The Go license", "BSD-3-Clause"),
        ("The MIT License", "MIT"),
        ("MIT", "MIT"),
        ("permit nobody", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_licences_have_one_name(text, licence):
    assert spdx(text) == licence


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [("MIT", False), ("LGPL-2.1", True), ("MPL-2.0 OR Apache-2.0", False), ("CDDL-1.1 OR GPL-2.0", True)],
)
def test_copyleft_is_what_leaves_no_other_choice(licence, copyleft):
    assert is_copyleft(licence) == copyleft


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: BSD-3-Clause AND MIT\nLicense: else", "BSD-3-Clause AND MIT"),
        ("Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        ("Classifier: Typing :: Typed\nLicense: Apache 2.0", "Apache-2.0"),
        ("Summary: nothing of it", UNKNOWN),
    ],
)
def test_a_packages_own_words(tmp_path, metadata, licence):
    folder = tmp_path / "Some.Package-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: Some.Package\nVersion: 1\n{metadata}\n")
    assert packages.licence_of(Distribution.at(folder)) == licence
    assert packages.licences(["some-package", "other"], [str(tmp_path)]) == {"some-package": licence, "other": UNKNOWN}


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({"META-INF/maven/g/thing/pom.xml": POM, "LICENSE": "MIT License"}, "MPL-2.0 OR Apache-2.0"),
        ({"META-INF/maven/g/other/pom.xml": POM, "LICENSE": "MIT License"}, "MIT"),
        ({"META-INF/MANIFEST.MF": "A: b\r\nBundle-License: http://x/BSD-3\r\n -Clause\r\n"}, "BSD-3-Clause"),
        ({"META-INF/LICENSE.txt": " " * 30 + "Apache License"}, "Apache-2.0"),
        ({"Thing.class": ""}, UNKNOWN),
    ],
)
def test_a_jars_own_words(tmp_path, files, licence):
    with zipfile.ZipFile(tmp_path / "thing-1.0-2.jar", "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    assert jars.licences(tmp_path) == {"thing": licence}


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("log4j-1.2-api-2.17.1", "log4j-1.2-api"),
        ("jaxb-impl-2.2.3-1", "jaxb-impl"),
        ("kafka_2.13-4.1.1", "kafka_2.13"),
        ("guava-27.0-jre", "guava"),
        ("hadoop-hdfs-3.4.2-tests", "hadoop-hdfs"),
        ("nessie-model-0.77.1", "nessie-model"),
    ],
)
def test_a_jars_name_without_its_version(stem, name):
    assert jars.VERSION.sub("", stem) == name


def test_what_is_not_installed_keeps_its_licence():
    many = {f"part-{number:03}": "MIT OR Apache-2.0" for number in range(40)}
    assert stated(page({"Jars": many | {"other": "EPL-1.0"}})) == many | {"other": "EPL-1.0"}
    assert completed({"a": UNKNOWN, "b": "ISC", "c": UNKNOWN}, {"a": "MIT", "b": "MIT"}) == {
        "a": "MIT",
        "b": "ISC",
        "c": UNKNOWN,
    }


def test_the_page_warns_of_copyleft_first():
    text = page({"Jars": {"free": "MIT", "strict": "EPL-1.0"}})
    copyleft = text.partition("## Copyleft")[2].partition("## Jars")[0]
    assert ("`strict`" in copyleft, "`free`" in copyleft, text.count("`free`")) == (True, False, 1)
