/** Connection types that are offered; any other may be typed. */
export const connectionTypes = [
  'aws', 'azure_data_lake', 'cassandra', 'databricks', 'docker', 'elasticsearch', 'email', 'fs', 'ftp', 'generic', 'google_cloud_platform', 'grpc', 'hdfs', 'hive_cli', 'hiveserver2', 'http', 'jdbc', 'kafka', 'kubernetes', 'mongo', 'mssql', 'mysql', 'odbc', 'oracle', 'postgres', 'presto', 'redis', 'redshift', 'sftp', 'slack', 'smtp', 'snowflake', 'spark', 'sqlite', 'ssh', 'tableau', 'trino', 'vertica', 'wasb',
] as const
