"""What every Spark job stands on: the session, Kafka as a source, Iceberg writes, HDFS and the JVM."""
