"""Two ways to download a list of artifacts: Maven where it is installed, else the Ivy that pyspark carries.

Neither follows transitive dependencies: the lock is the whole list. Where they download from is their own setting
(Maven's settings.xml, Java's proxy properties), so a company's mirror works without a word here.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from pipeline.engines.jars.artifacts import Artifact
from pipeline.engines.jars.resolve import DEPENDENCY_PLUGIN
from pipeline.errors import JarError
from pipeline.host import machine

# (artifacts, folder for the files in repository layout, folder for the tool's own cache, called with each output line)
Downloader = Callable[[Sequence[Artifact], Path, Path, Callable[[str], None]], None]


def pick() -> tuple[str, Downloader]:
    """Return the name and the function of the tool to use on this machine."""
    return ("Maven", with_maven) if shutil.which("mvn") else ("Ivy", with_ivy)


def with_maven(artifacts: Sequence[Artifact], into: Path, scratch: Path, on_line: Callable[[str], None]) -> None:
    """Download by one run of Maven from a generated pom; raise `JarError` when it fails."""
    scratch.mkdir(parents=True, exist_ok=True)
    pom = scratch / "pom.xml"
    _write(maven_pom(artifacts, into), pom)
    # A local repository of our own: kept while downloads are incomplete, so that a second try resumes from there,
    # and removed afterwards, so that nothing lies on the disk twice.
    repository = f"-Dmaven.repo.local={scratch / 'repository'}"
    _run(["mvn", "--batch-mode", "--file", str(pom), repository, f"{DEPENDENCY_PLUGIN}:copy"], on_line)


def with_ivy(artifacts: Sequence[Artifact], into: Path, scratch: Path, on_line: Callable[[str], None]) -> None:
    """Download by one run of Ivy; raise `JarError` when it fails."""
    scratch.mkdir(parents=True, exist_ok=True)
    _write(ivy_module(artifacts), scratch / "ivy.xml")
    _write(ivy_settings(), scratch / "ivysettings.xml")
    command = [machine.java_command() or "java", "-jar", str(ivy_jar()), "-settings", str(scratch / "ivysettings.xml")]
    command += ["-ivy", str(scratch / "ivy.xml"), "-cache", str(scratch / "cache")]
    pattern = "[orgPath]/[module]/[revision]/[artifact]-[revision](-[classifier]).[ext]"
    _run([*command, "-retrieve", f"{into}/{pattern}"], on_line)


def maven_pom(artifacts: Sequence[Artifact], into: Path) -> Element:
    """Return a pom whose `dependency:copy` brings exactly these files, each to its place in repository layout."""
    project = Element("project", xmlns="http://maven.apache.org/POM/4.0.0")
    own = {"modelVersion": "4.0.0", "groupId": "coinlake", "artifactId": "download", "version": "1", "packaging": "pom"}
    _add(project, own)
    group, name, version = DEPENDENCY_PLUGIN.split(":")
    plugin = SubElement(SubElement(SubElement(project, "build"), "plugins"), "plugin")
    _add(plugin, {"groupId": group, "artifactId": name, "version": version})
    items = SubElement(SubElement(plugin, "configuration"), "artifactItems")
    for one in artifacts:
        coordinates = {"groupId": one.group, "artifactId": one.name, "version": one.version, "type": one.ext}
        place = {"classifier": one.classifier, "outputDirectory": str((into / one.path).parent)}
        _add(SubElement(items, "artifactItem"), {**coordinates, **place})
    return project


def ivy_module(artifacts: Sequence[Artifact]) -> Element:
    """Return an Ivy file that names exactly these files."""
    module = Element("ivy-module", {"version": "2.0", "xmlns:m": "http://ant.apache.org/ivy/maven"})
    SubElement(module, "info", organisation="coinlake", module="download")
    SubElement(SubElement(module, "configurations"), "conf", name="default")
    dependencies = SubElement(module, "dependencies")
    modules: dict[tuple[str, str, str], list[Artifact]] = {}
    for one in artifacts:
        modules.setdefault((one.group, one.name, one.version), []).append(one)
    for (group, name, version), files in modules.items():
        named = {"org": group, "name": name, "rev": version}
        dependency = SubElement(dependencies, "dependency", named, transitive="false", conf="default->*")
        for file in files:
            classifier = {"m:classifier": file.classifier} if file.classifier else {}
            SubElement(dependency, "artifact", {"name": name, "type": file.ext, "ext": file.ext, **classifier})
    return module


def ivy_settings() -> Element:
    """Return settings under which Ivy reads no poms and keeps several versions of one artifact side by side."""
    settings = Element("ivysettings")
    SubElement(settings, "settings", defaultResolver="repository", defaultConflictManager="all")
    resolver = {"name": "repository", "m2compatible": "true", "usepoms": "false", "useMavenMetadata": "false"}
    SubElement(SubElement(settings, "resolvers"), "ibiblio", resolver)
    return settings


def ivy_jar() -> Path:
    """Return the Ivy that the installed pyspark carries; raise `JarError` where there is none."""
    spec = importlib.util.find_spec("pyspark")
    jars = Path(spec.origin).parent / "jars" if spec and spec.origin else Path("pyspark")
    found = sorted(jars.glob("ivy-*.jar"))
    if not found:
        raise JarError(f"neither mvn on PATH nor an Ivy in {jars}: install the packages of requirements.lock first")
    return found[-1]


def _add(parent: Element, values: dict[str, str]) -> None:
    for tag, text in values.items():
        SubElement(parent, tag).text = text


def _write(root: Element, file: Path) -> None:
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _run(command: list[str], on_line: Callable[[str], None]) -> None:
    tail: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            tail = [*tail[-19:], line]
            on_line(line)
    if process.returncode != 0:
        raise JarError(f"{command[0]} could not download the jars; its last lines:\n{''.join(tail)}")
