"""Small files and folders in HDFS, through the driver's own Hadoop client."""

from __future__ import annotations

from pyspark.sql import SparkSession

from pipeline.spark.jvm import JavaObject, hadoop_conf, java_array, java_class

RENAME = "org.apache.hadoop.fs.Options$Rename"


def read_text(spark: SparkSession, path: str) -> str | None:
    """Return a file's text, None where there is no such file."""
    file_system, hadoop_path = _at(spark, path)
    if not file_system.exists(hadoop_path):
        return None
    stream = file_system.open(hadoop_path)
    try:
        return bytes(stream.readAllBytes()).decode()
    finally:
        stream.close()


def replace_text(spark: SparkSession, path: str, text: str) -> None:
    """Replace a file as a whole: a crash leaves the old one or the new one."""
    file_system, target = _at(spark, path)
    _, draft = _at(spark, f"{path}.draft")
    stream = file_system.create(draft, True)
    stream.write(bytearray(text.encode()))
    stream.close()
    rename = java_class(spark, RENAME)
    overwrite = java_array(spark, rename, rename.OVERWRITE)
    _context(spark, file_system).rename(draft, target, overwrite)


def list_names(spark: SparkSession, folder: str) -> list[str]:
    """Return the names in a folder, none where there is no such folder."""
    file_system, hadoop_path = _at(spark, folder)
    if not file_system.exists(hadoop_path):
        return []
    return [str(entry.getPath().getName()) for entry in file_system.listStatus(hadoop_path)]


def modified_ms(spark: SparkSession, path: str) -> int | None:
    """Return when a file was last written, in ms since 1970; None where there is no such file."""
    file_system, hadoop_path = _at(spark, path)
    if not file_system.exists(hadoop_path):
        return None
    return int(file_system.getFileStatus(hadoop_path).getModificationTime())


def move_files(spark: SparkSession, source: str, target: str) -> None:
    """Move the files of a folder into another one of the same file system; each appears there whole."""
    file_system, _ = _at(spark, source)
    context = _context(spark, file_system)
    no_options = java_array(spark, java_class(spark, RENAME))
    for name in list_names(spark, source):
        context.rename(_at(spark, f"{source}/{name}")[1], _at(spark, f"{target}/{name}")[1], no_options)


def delete(spark: SparkSession, path: str) -> None:
    """Delete a file, or a folder with all in it."""
    file_system, hadoop_path = _at(spark, path)
    file_system.delete(hadoop_path, True)


def _context(spark: SparkSession, file_system: JavaObject) -> JavaObject:
    contexts = java_class(spark, "org.apache.hadoop.fs.FileContext")
    return contexts.getFileContext(file_system.getUri(), hadoop_conf(spark))


def _at(spark: SparkSession, path: str) -> tuple[JavaObject, JavaObject]:
    hadoop_path = java_class(spark, "org.apache.hadoop.fs.Path")(path)
    return hadoop_path.getFileSystem(hadoop_conf(spark)), hadoop_path
