"""Old paths whose classes are in provider packages now, and old classes of providers that newer ones took over."""

from __future__ import annotations

# A line: the old module (without ``airflow.``), the module below ``airflow.providers`` that has its contents, and the
# names in it (``Old=New`` where the class has another name now). A name that is not listed has kept its name. Further
# homes of an old module stand on lines of their own (two spaces); longer lines go on after four.
MOVED = """
contrib.hooks.aws_athena_hook amazon.aws.hooks.athena: AWSAthenaHook=AthenaHook
contrib.hooks.aws_datasync_hook amazon.aws.hooks.datasync: AWSDataSyncHook=DataSyncHook
contrib.hooks.aws_dynamodb_hook amazon.aws.hooks.dynamodb: AwsDynamoDBHook=DynamoDBHook
contrib.hooks.aws_firehose_hook amazon.aws.hooks.kinesis
contrib.hooks.aws_glue_catalog_hook amazon.aws.hooks.glue_catalog: AwsGlueCatalogHook=GlueCatalogHook
contrib.hooks.aws_hook amazon.aws.hooks.base_aws: AwsHook=AwsBaseHook
contrib.hooks.aws_lambda_hook amazon.aws.hooks.lambda_function: AwsLambdaHook=LambdaHook
contrib.hooks.aws_logs_hook amazon.aws.hooks.logs: AwsLogsHook
contrib.hooks.aws_sns_hook amazon.aws.hooks.sns: AwsSnsHook=SnsHook
contrib.hooks.aws_sqs_hook amazon.aws.hooks.sqs: SQSHook=SqsHook
contrib.hooks.azure_container_instance_hook microsoft.azure.hooks.container_instance: AzureContainerInstanceHook
contrib.hooks.azure_container_registry_hook microsoft.azure.hooks.container_registry: AzureContainerRegistryHook
contrib.hooks.azure_container_volume_hook microsoft.azure.hooks.container_volume: AzureContainerVolumeHook
contrib.hooks.azure_cosmos_hook microsoft.azure.hooks.cosmos: AzureCosmosDBHook
contrib.hooks.azure_data_lake_hook microsoft.azure.hooks.data_lake: AzureDataLakeHook
contrib.hooks.azure_fileshare_hook microsoft.azure.hooks.fileshare: AzureFileShareHook
contrib.hooks.bigquery_hook google.cloud.hooks.bigquery: BigQueryBaseCursor BigQueryConnection BigQueryCursor
    BigQueryHook
contrib.hooks.cassandra_hook apache.cassandra.hooks.cassandra: CassandraHook
contrib.hooks.cloudant_hook cloudant.hooks.cloudant: CloudantHook
contrib.hooks.databricks_hook databricks.hooks.databricks: DatabricksHook RunState
contrib.hooks.datadog_hook datadog.hooks.datadog: DatadogHook
contrib.hooks.datastore_hook google.cloud.hooks.datastore: DatastoreHook
contrib.hooks.dingding_hook dingding.hooks.dingding: DingdingHook
contrib.hooks.discord_webhook_hook discord.hooks.discord_webhook: DiscordWebhookHook
contrib.hooks.emr_hook amazon.aws.hooks.emr: EmrHook
contrib.hooks.ftp_hook ftp.hooks.ftp: FTPHook FTPSHook
contrib.hooks.gcp_api_base_hook google.common.hooks.base_google: GoogleCloudBaseHook=GoogleBaseHook
contrib.hooks.gcp_bigtable_hook google.cloud.hooks.bigtable: BigtableHook
contrib.hooks.gcp_cloud_build_hook google.cloud.hooks.cloud_build: CloudBuildHook
contrib.hooks.gcp_compute_hook google.cloud.hooks.compute: GceHook=ComputeEngineHook
contrib.hooks.gcp_container_hook google.cloud.hooks.kubernetes_engine: GKEClusterHook=GKEHook
contrib.hooks.gcp_dataflow_hook google.cloud.hooks.dataflow: DataFlowHook=DataflowHook
contrib.hooks.gcp_dataproc_hook google.cloud.hooks.dataproc: DataProcHook=DataprocHook
contrib.hooks.gcp_dlp_hook google.cloud.hooks.dlp: CloudDLPHook
contrib.hooks.gcp_function_hook google.cloud.hooks.functions: GcfHook=CloudFunctionsHook
contrib.hooks.gcp_kms_hook google.cloud.hooks.kms: GoogleCloudKMSHook=CloudKMSHook
contrib.hooks.gcp_mlengine_hook google.cloud.hooks.mlengine: MLEngineHook
contrib.hooks.gcp_natural_language_hook google.cloud.hooks.natural_language: CloudNaturalLanguageHook
contrib.hooks.gcp_pubsub_hook google.cloud.hooks.pubsub: PubSubException PubSubHook
contrib.hooks.gcp_spanner_hook google.cloud.hooks.spanner: CloudSpannerHook=SpannerHook
contrib.hooks.gcp_speech_to_text_hook google.cloud.hooks.speech_to_text: GCPSpeechToTextHook=CloudSpeechToTextHook
contrib.hooks.gcp_sql_hook google.cloud.hooks.cloud_sql: CloudSqlDatabaseHook=CloudSQLDatabaseHook
    CloudSqlHook=CloudSQLHook
contrib.hooks.gcp_tasks_hook google.cloud.hooks.tasks: CloudTasksHook
contrib.hooks.gcp_text_to_speech_hook google.cloud.hooks.text_to_speech: GCPTextToSpeechHook=CloudTextToSpeechHook
contrib.hooks.gcp_transfer_hook google.cloud.hooks.cloud_storage_transfer_service:
    GCPTransferServiceHook=CloudDataTransferServiceHook
contrib.hooks.gcp_translate_hook google.cloud.hooks.translate: CloudTranslateHook
contrib.hooks.gcp_video_intelligence_hook google.cloud.hooks.video_intelligence: CloudVideoIntelligenceHook
contrib.hooks.gcp_vision_hook google.cloud.hooks.vision: CloudVisionHook
contrib.hooks.gcs_hook google.cloud.hooks.gcs: GoogleCloudStorageHook=GCSHook
contrib.hooks.gdrive_hook google.suite.hooks.drive: GoogleDriveHook
contrib.hooks.grpc_hook grpc.hooks.grpc: GrpcHook
contrib.hooks.imap_hook imap.hooks.imap: ImapHook Mail MailPart
contrib.hooks.jenkins_hook jenkins.hooks.jenkins: JenkinsHook
contrib.hooks.jira_hook atlassian.jira.hooks.jira: JiraHook
contrib.hooks.mongo_hook mongo.hooks.mongo: MongoHook
contrib.hooks.openfaas_hook openfaas.hooks.openfaas: OpenFaasHook
contrib.hooks.opsgenie_alert_hook opsgenie.hooks.opsgenie: OpsgenieAlertHook
contrib.hooks.pagerduty_hook pagerduty.hooks.pagerduty: PagerdutyHook
contrib.hooks.pinot_hook apache.pinot.hooks.pinot: PinotDbApiHook
contrib.hooks.qubole_check_hook qubole.hooks.qubole_check: QuboleCheckHook
contrib.hooks.qubole_hook qubole.hooks.qubole: QuboleHook
contrib.hooks.redis_hook redis.hooks.redis: RedisHook
contrib.hooks.redshift_hook amazon.aws.hooks.redshift_cluster: RedshiftHook
contrib.hooks.sagemaker_hook amazon.aws.hooks.sagemaker: LogState SageMakerHook
contrib.hooks.salesforce_hook salesforce.hooks.salesforce: SalesforceHook
contrib.hooks.segment_hook segment.hooks.segment: SegmentHook
contrib.hooks.sftp_hook sftp.hooks.sftp: SFTPHook
contrib.hooks.slack_webhook_hook slack.hooks.slack_webhook: SlackWebhookHook
contrib.hooks.snowflake_hook snowflake.hooks.snowflake: SnowflakeHook
contrib.hooks.spark_jdbc_hook apache.spark.hooks.spark_jdbc: SparkJDBCHook
contrib.hooks.spark_sql_hook apache.spark.hooks.spark_sql: SparkSqlHook
contrib.hooks.spark_submit_hook apache.spark.hooks.spark_submit: SparkSubmitHook
contrib.hooks.sqoop_hook apache.sqoop.hooks.sqoop: SqoopHook
contrib.hooks.ssh_hook ssh.hooks.ssh: SSHHook
contrib.hooks.vertica_hook vertica.hooks.vertica: VerticaHook
contrib.hooks.wasb_hook microsoft.azure.hooks.wasb: WasbHook
contrib.hooks.winrm_hook microsoft.winrm.hooks.winrm: WinRMHook
contrib.operators.adls_list_operator microsoft.azure.operators.adls: AzureDataLakeStorageListOperator=ADLSListOperator
contrib.operators.adls_to_gcs google.cloud.transfers.adls_to_gcs: AdlsToGoogleCloudStorageOperator=ADLSToGCSOperator
contrib.operators.aws_athena_operator amazon.aws.operators.athena: AWSAthenaOperator=AthenaOperator
contrib.operators.aws_sqs_publish_operator amazon.aws.operators.sqs: SQSPublishOperator=SqsPublishOperator
contrib.operators.awsbatch_operator amazon.aws.operators.batch: AWSBatchOperator=BatchOperator
contrib.operators.azure_container_instances_operator microsoft.azure.operators.container_instances:
    AzureContainerInstancesOperator
contrib.operators.azure_cosmos_operator microsoft.azure.operators.cosmos: AzureCosmosInsertDocumentOperator
contrib.operators.bigquery_check_operator google.cloud.operators.bigquery: BigQueryCheckOperator
    BigQueryIntervalCheckOperator BigQueryValueCheckOperator
contrib.operators.bigquery_get_data google.cloud.operators.bigquery: BigQueryGetDataOperator
contrib.operators.bigquery_operator google.cloud.operators.bigquery: BigQueryCreateEmptyDatasetOperator
    BigQueryCreateEmptyTableOperator BigQueryCreateExternalTableOperator BigQueryDeleteDatasetOperator
    BigQueryGetDatasetOperator BigQueryPatchDatasetOperator BigQueryUpdateDatasetOperator
    BigQueryOperator=BigQueryExecuteQueryOperator
contrib.operators.bigquery_table_delete_operator google.cloud.operators.bigquery:
    BigQueryTableDeleteOperator=BigQueryDeleteTableOperator
contrib.operators.bigquery_to_bigquery google.cloud.transfers.bigquery_to_bigquery: BigQueryToBigQueryOperator
contrib.operators.bigquery_to_gcs google.cloud.transfers.bigquery_to_gcs:
    BigQueryToCloudStorageOperator=BigQueryToGCSOperator
contrib.operators.bigquery_to_mysql_operator google.cloud.transfers.bigquery_to_mysql: BigQueryToMySqlOperator
contrib.operators.cassandra_to_gcs google.cloud.transfers.cassandra_to_gcs:
    CassandraToGoogleCloudStorageOperator=CassandraToGCSOperator
contrib.operators.databricks_operator databricks.operators.databricks: DatabricksRunNowOperator
    DatabricksSubmitRunOperator
contrib.operators.dataflow_operator google.cloud.operators.dataflow:
    DataFlowJavaOperator=DataflowCreateJavaJobOperator DataFlowPythonOperator=DataflowCreatePythonJobOperator
    DataflowTemplateOperator=DataflowTemplatedJobStartOperator
contrib.operators.datapipeline_operator google.cloud.operators.datapipeline: CreateDataPipelineOperator
    RunDataPipelineOperator
contrib.operators.dataproc_operator google.cloud.operators.dataproc:
    DataprocClusterCreateOperator=DataprocCreateClusterOperator
    DataprocClusterDeleteOperator=DataprocDeleteClusterOperator
    DataprocClusterScaleOperator=DataprocScaleClusterOperator DataProcHadoopOperator=DataprocSubmitHadoopJobOperator
    DataProcHiveOperator=DataprocSubmitHiveJobOperator DataProcJobBaseOperator=DataprocJobBaseOperator
    DataProcPigOperator=DataprocSubmitPigJobOperator DataProcPySparkOperator=DataprocSubmitPySparkJobOperator
    DataProcSparkOperator=DataprocSubmitSparkJobOperator DataProcSparkSqlOperator=DataprocSubmitSparkSqlJobOperator
    DataprocWorkflowTemplateInstantiateInlineOperator=DataprocInstantiateInlineWorkflowTemplateOperator
    DataprocWorkflowTemplateInstantiateOperator=DataprocInstantiateWorkflowTemplateOperator
contrib.operators.datastore_export_operator google.cloud.operators.datastore:
    DatastoreExportOperator=CloudDatastoreExportEntitiesOperator
contrib.operators.datastore_import_operator google.cloud.operators.datastore:
    DatastoreImportOperator=CloudDatastoreImportEntitiesOperator
contrib.operators.dingding_operator dingding.operators.dingding: DingdingOperator
contrib.operators.discord_webhook_operator discord.operators.discord_webhook: DiscordWebhookOperator
contrib.operators.docker_swarm_operator docker.operators.docker_swarm: DockerSwarmOperator
contrib.operators.druid_operator apache.druid.operators.druid: DruidOperator
contrib.operators.dynamodb_to_s3 amazon.aws.transfers.dynamodb_to_s3: DynamoDBToS3Operator
contrib.operators.ecs_operator amazon.aws.operators.ecs: EcsOperator=EcsRunTaskOperator ECSOperator=EcsRunTaskOperator
contrib.operators.emr_add_steps_operator amazon.aws.operators.emr: EmrAddStepsOperator
contrib.operators.emr_create_job_flow_operator amazon.aws.operators.emr: EmrCreateJobFlowOperator
contrib.operators.emr_terminate_job_flow_operator amazon.aws.operators.emr: EmrTerminateJobFlowOperator
contrib.operators.file_to_gcs google.cloud.transfers.local_to_gcs:
    FileToGoogleCloudStorageOperator=LocalFilesystemToGCSOperator
contrib.operators.file_to_wasb microsoft.azure.transfers.local_to_wasb:
    FileToWasbOperator=LocalFilesystemToWasbOperator
contrib.operators.gcp_bigtable_operator google.cloud.operators.bigtable:
    BigtableClusterUpdateOperator=BigtableUpdateClusterOperator
    BigtableInstanceCreateOperator=BigtableCreateInstanceOperator
    BigtableInstanceDeleteOperator=BigtableDeleteInstanceOperator
    BigtableTableCreateOperator=BigtableCreateTableOperator BigtableTableDeleteOperator=BigtableDeleteTableOperator
  google.cloud.sensors.bigtable: BigtableTableWaitForReplicationSensor=BigtableTableReplicationCompletedSensor
contrib.operators.gcp_cloud_build_operator google.cloud.operators.cloud_build: CloudBuildCreateBuildOperator
contrib.operators.gcp_compute_operator google.cloud.operators.compute: GceBaseOperator=ComputeEngineBaseOperator
    GceInstanceGroupManagerUpdateTemplateOperator=ComputeEngineInstanceGroupUpdateManagerTemplateOperator
    GceInstanceStartOperator=ComputeEngineStartInstanceOperator
    GceInstanceStopOperator=ComputeEngineStopInstanceOperator
    GceInstanceTemplateCopyOperator=ComputeEngineCopyInstanceTemplateOperator
    GceSetMachineTypeOperator=ComputeEngineSetMachineTypeOperator
contrib.operators.gcp_container_operator google.cloud.operators.kubernetes_engine:
    GKEClusterCreateOperator=GKECreateClusterOperator GKEClusterDeleteOperator=GKEDeleteClusterOperator
    GKEPodOperator=GKEStartPodOperator
contrib.operators.gcp_dlp_operator google.cloud.operators.dlp: CloudDLPCancelDLPJobOperator
    CloudDLPCreateDeidentifyTemplateOperator CloudDLPCreateDLPJobOperator CloudDLPCreateInspectTemplateOperator
    CloudDLPCreateJobTriggerOperator CloudDLPCreateStoredInfoTypeOperator CloudDLPDeidentifyContentOperator
    CloudDLPDeleteDeidentifyTemplateOperator CloudDLPDeleteInspectTemplateOperator CloudDLPDeleteJobTriggerOperator
    CloudDLPDeleteStoredInfoTypeOperator CloudDLPGetDeidentifyTemplateOperator CloudDLPGetInspectTemplateOperator
    CloudDLPGetStoredInfoTypeOperator CloudDLPInspectContentOperator CloudDLPListDeidentifyTemplatesOperator
    CloudDLPListInfoTypesOperator CloudDLPListInspectTemplatesOperator CloudDLPListJobTriggersOperator
    CloudDLPListStoredInfoTypesOperator CloudDLPRedactImageOperator CloudDLPReidentifyContentOperator
    CloudDLPUpdateDeidentifyTemplateOperator CloudDLPUpdateInspectTemplateOperator CloudDLPUpdateJobTriggerOperator
    CloudDLPUpdateStoredInfoTypeOperator CloudDLPDeleteDlpJobOperator=CloudDLPDeleteDLPJobOperator
    CloudDLPGetDlpJobOperator=CloudDLPGetDLPJobOperator CloudDLPGetJobTripperOperator=CloudDLPGetDLPJobTriggerOperator
    CloudDLPListDlpJobsOperator=CloudDLPListDLPJobsOperator
contrib.operators.gcp_function_operator google.cloud.operators.functions:
    GcfFunctionDeleteOperator=CloudFunctionDeleteFunctionOperator
    GcfFunctionDeployOperator=CloudFunctionDeployFunctionOperator
contrib.operators.gcp_natural_language_operator google.cloud.operators.natural_language:
    CloudLanguageAnalyzeEntitiesOperator=CloudNaturalLanguageAnalyzeEntitiesOperator
    CloudLanguageAnalyzeEntitySentimentOperator=CloudNaturalLanguageAnalyzeEntitySentimentOperator
    CloudLanguageAnalyzeSentimentOperator=CloudNaturalLanguageAnalyzeSentimentOperator
    CloudLanguageClassifyTextOperator=CloudNaturalLanguageClassifyTextOperator
contrib.operators.gcp_spanner_operator google.cloud.operators.spanner:
    CloudSpannerInstanceDatabaseDeleteOperator=SpannerDeleteDatabaseInstanceOperator
    CloudSpannerInstanceDatabaseDeployOperator=SpannerDeployDatabaseInstanceOperator
    CloudSpannerInstanceDatabaseQueryOperator=SpannerQueryDatabaseInstanceOperator
    CloudSpannerInstanceDatabaseUpdateOperator=SpannerUpdateDatabaseInstanceOperator
    CloudSpannerInstanceDeleteOperator=SpannerDeleteInstanceOperator
    CloudSpannerInstanceDeployOperator=SpannerDeployInstanceOperator
contrib.operators.gcp_speech_to_text_operator google.cloud.operators.speech_to_text:
    GcpSpeechToTextRecognizeSpeechOperator=CloudSpeechToTextRecognizeSpeechOperator
contrib.operators.gcp_sql_operator google.cloud.operators.cloud_sql: CloudSqlBaseOperator=CloudSQLBaseOperator
    CloudSqlInstanceCreateOperator=CloudSQLCreateInstanceOperator
    CloudSqlInstanceDatabaseCreateOperator=CloudSQLCreateInstanceDatabaseOperator
    CloudSqlInstanceDatabaseDeleteOperator=CloudSQLDeleteInstanceDatabaseOperator
    CloudSqlInstanceDatabasePatchOperator=CloudSQLPatchInstanceDatabaseOperator
    CloudSqlInstanceDeleteOperator=CloudSQLDeleteInstanceOperator
    CloudSqlInstanceExportOperator=CloudSQLExportInstanceOperator
    CloudSqlInstanceImportOperator=CloudSQLImportInstanceOperator
    CloudSqlInstancePatchOperator=CloudSQLInstancePatchOperator CloudSqlQueryOperator=CloudSQLExecuteQueryOperator
contrib.operators.gcp_tasks_operator google.cloud.operators.tasks: CloudTasksQueueCreateOperator
    CloudTasksQueueDeleteOperator CloudTasksQueueGetOperator CloudTasksQueuePauseOperator CloudTasksQueuePurgeOperator
    CloudTasksQueueResumeOperator CloudTasksQueuesListOperator CloudTasksQueueUpdateOperator
    CloudTasksTaskCreateOperator CloudTasksTaskDeleteOperator CloudTasksTaskGetOperator CloudTasksTaskRunOperator
    CloudTasksTasksListOperator
contrib.operators.gcp_text_to_speech_operator google.cloud.operators.text_to_speech:
    GcpTextToSpeechSynthesizeOperator=CloudTextToSpeechSynthesizeOperator
contrib.operators.gcp_transfer_operator google.cloud.operators.cloud_storage_transfer_service:
    GcpTransferServiceJobCreateOperator=CloudDataTransferServiceCreateJobOperator
    GcpTransferServiceJobDeleteOperator=CloudDataTransferServiceDeleteJobOperator
    GcpTransferServiceJobUpdateOperator=CloudDataTransferServiceUpdateJobOperator
    GcpTransferServiceOperationCancelOperator=CloudDataTransferServiceCancelOperationOperator
    GcpTransferServiceOperationGetOperator=CloudDataTransferServiceGetOperationOperator
    GcpTransferServiceOperationPauseOperator=CloudDataTransferServicePauseOperationOperator
    GcpTransferServiceOperationResumeOperator=CloudDataTransferServiceResumeOperationOperator
    GcpTransferServiceOperationsListOperator=CloudDataTransferServiceListOperationsOperator
    GoogleCloudStorageToGoogleCloudStorageTransferOperator=CloudDataTransferServiceGCSToGCSOperator
    S3ToGoogleCloudStorageTransferOperator=CloudDataTransferServiceS3ToGCSOperator
contrib.operators.gcp_translate_operator google.cloud.operators.translate: CloudTranslateTextOperator
contrib.operators.gcp_translate_speech_operator google.cloud.operators.translate_speech:
    GcpTranslateSpeechOperator=CloudTranslateSpeechOperator
contrib.operators.gcp_video_intelligence_operator google.cloud.operators.video_intelligence:
    CloudVideoIntelligenceDetectVideoExplicitContentOperator CloudVideoIntelligenceDetectVideoLabelsOperator
    CloudVideoIntelligenceDetectVideoShotsOperator
contrib.operators.gcp_vision_operator google.cloud.operators.vision: CloudVisionAddProductToProductSetOperator
    CloudVisionDetectImageLabelsOperator CloudVisionDetectImageSafeSearchOperator CloudVisionDetectTextOperator
    CloudVisionRemoveProductFromProductSetOperator CloudVisionAnnotateImageOperator=CloudVisionImageAnnotateOperator
    CloudVisionDetectDocumentTextOperator=CloudVisionTextDetectOperator
    CloudVisionProductCreateOperator=CloudVisionCreateProductOperator
    CloudVisionProductDeleteOperator=CloudVisionDeleteProductOperator
    CloudVisionProductGetOperator=CloudVisionGetProductOperator
    CloudVisionProductSetCreateOperator=CloudVisionCreateProductSetOperator
    CloudVisionProductSetDeleteOperator=CloudVisionDeleteProductSetOperator
    CloudVisionProductSetGetOperator=CloudVisionGetProductSetOperator
    CloudVisionProductSetUpdateOperator=CloudVisionUpdateProductSetOperator
    CloudVisionProductUpdateOperator=CloudVisionUpdateProductOperator
    CloudVisionReferenceImageCreateOperator=CloudVisionCreateReferenceImageOperator
contrib.operators.gcs_acl_operator google.cloud.operators.gcs:
    GoogleCloudStorageBucketCreateAclEntryOperator=GCSBucketCreateAclEntryOperator
    GoogleCloudStorageObjectCreateAclEntryOperator=GCSObjectCreateAclEntryOperator
contrib.operators.gcs_delete_operator google.cloud.operators.gcs:
    GoogleCloudStorageDeleteOperator=GCSDeleteObjectsOperator
contrib.operators.gcs_download_operator google.cloud.transfers.gcs_to_local:
    GoogleCloudStorageDownloadOperator=GCSToLocalFilesystemOperator
contrib.operators.gcs_list_operator google.cloud.operators.gcs: GoogleCloudStorageListOperator=GCSListObjectsOperator
contrib.operators.gcs_operator google.cloud.operators.gcs:
    GoogleCloudStorageCreateBucketOperator=GCSCreateBucketOperator
contrib.operators.gcs_to_bq google.cloud.transfers.gcs_to_bigquery:
    GoogleCloudStorageToBigQueryOperator=GCSToBigQueryOperator
contrib.operators.gcs_to_gcs google.cloud.transfers.gcs_to_gcs:
    GoogleCloudStorageToGoogleCloudStorageOperator=GCSToGCSOperator
contrib.operators.gcs_to_gdrive_operator google.suite.transfers.gcs_to_gdrive:
    GcsToGDriveOperator=GCSToGoogleDriveOperator
contrib.operators.gcs_to_s3 amazon.aws.transfers.gcs_to_s3: GoogleCloudStorageToS3Operator=GCSToS3Operator
contrib.operators.grpc_operator grpc.operators.grpc: GrpcOperator
contrib.operators.hipchat_operator hipchat.operators.hipchat: HipChatAPIOperator HipChatAPISendRoomNotificationOperator
contrib.operators.hive_to_dynamodb amazon.aws.transfers.hive_to_dynamodb:
    HiveToDynamoDBTransferOperator=HiveToDynamoDBOperator
contrib.operators.imap_attachment_to_s3_operator amazon.aws.transfers.imap_attachment_to_s3:
    ImapAttachmentToS3Operator
contrib.operators.jenkins_job_trigger_operator jenkins.operators.jenkins_job_trigger: JenkinsJobTriggerOperator
contrib.operators.jira_operator atlassian.jira.operators.jira: JiraOperator
contrib.operators.kubernetes_pod_operator cncf.kubernetes.operators.pod: KubernetesPodOperator
contrib.operators.mlengine_operator google.cloud.operators.mlengine:
    MLEngineBatchPredictionOperator=MLEngineStartBatchPredictionJobOperator
    MLEngineModelOperator=MLEngineManageModelOperator MLEngineTrainingOperator=MLEngineStartTrainingJobOperator
    MLEngineVersionOperator=MLEngineManageVersionOperator
contrib.operators.mongo_to_s3 amazon.aws.transfers.mongo_to_s3: MongoToS3Operator
contrib.operators.mssql_to_gcs google.cloud.transfers.mssql_to_gcs:
    MsSqlToGoogleCloudStorageOperator=MSSQLToGCSOperator
contrib.operators.mysql_to_gcs google.cloud.transfers.mysql_to_gcs:
    MySqlToGoogleCloudStorageOperator=MySQLToGCSOperator
contrib.operators.opsgenie_alert_operator opsgenie.operators.opsgenie:
    OpsgenieAlertOperator=OpsgenieCreateAlertOperator
contrib.operators.oracle_to_azure_data_lake_transfer microsoft.azure.transfers.oracle_to_azure_data_lake:
    OracleToAzureDataLakeTransfer=OracleToAzureDataLakeOperator
contrib.operators.oracle_to_oracle_transfer oracle.transfers.oracle_to_oracle:
    OracleToOracleTransfer=OracleToOracleOperator
contrib.operators.postgres_to_gcs_operator google.cloud.transfers.postgres_to_gcs:
    PostgresToGoogleCloudStorageOperator=PostgresToGCSOperator
contrib.operators.pubsub_operator google.cloud.operators.pubsub: PubSubPublishOperator=PubSubPublishMessageOperator
    PubSubSubscriptionCreateOperator=PubSubCreateSubscriptionOperator
    PubSubSubscriptionDeleteOperator=PubSubDeleteSubscriptionOperator
    PubSubTopicCreateOperator=PubSubCreateTopicOperator PubSubTopicDeleteOperator=PubSubDeleteTopicOperator
contrib.operators.qubole_check_operator qubole.operators.qubole_check: QuboleCheckOperator QuboleValueCheckOperator
contrib.operators.qubole_operator qubole.operators.qubole: QDSLink QuboleOperator
contrib.operators.redis_publish_operator redis.operators.redis_publish: RedisPublishOperator
contrib.operators.s3_copy_object_operator amazon.aws.operators.s3: S3CopyObjectOperator
contrib.operators.s3_delete_objects_operator amazon.aws.operators.s3: S3DeleteObjectsOperator
contrib.operators.s3_list_operator amazon.aws.operators.s3: S3ListOperator
contrib.operators.s3_to_gcs_operator google.cloud.transfers.s3_to_gcs: S3ToGoogleCloudStorageOperator=S3ToGCSOperator
contrib.operators.s3_to_gcs_transfer_operator google.cloud.operators.cloud_storage_transfer_service:
    CloudDataTransferServiceS3ToGCSOperator
contrib.operators.s3_to_sftp_operator amazon.aws.transfers.s3_to_sftp: S3ToSFTPOperator
contrib.operators.sagemaker_base_operator amazon.aws.operators.sagemaker: SageMakerBaseOperator
contrib.operators.sagemaker_endpoint_config_operator amazon.aws.operators.sagemaker: SageMakerEndpointConfigOperator
contrib.operators.sagemaker_endpoint_operator amazon.aws.operators.sagemaker: SageMakerEndpointOperator
contrib.operators.sagemaker_model_operator amazon.aws.operators.sagemaker: SageMakerModelOperator
contrib.operators.sagemaker_training_operator amazon.aws.operators.sagemaker: SageMakerTrainingOperator
contrib.operators.sagemaker_transform_operator amazon.aws.operators.sagemaker: SageMakerTransformOperator
contrib.operators.sagemaker_tuning_operator amazon.aws.operators.sagemaker: SageMakerTuningOperator
contrib.operators.segment_track_event_operator segment.operators.segment_track_event: SegmentTrackEventOperator
contrib.operators.sftp_operator sftp.operators.sftp: SFTPOperation SFTPOperator
contrib.operators.sftp_to_s3_operator amazon.aws.transfers.sftp_to_s3: SFTPToS3Operator
contrib.operators.slack_webhook_operator slack.operators.slack_webhook: SlackWebhookOperator
contrib.operators.snowflake_operator snowflake.operators.snowflake: SnowflakeOperator
contrib.operators.sns_publish_operator amazon.aws.operators.sns: SnsPublishOperator
contrib.operators.spark_jdbc_operator apache.spark.operators.spark_jdbc: SparkJDBCOperator
contrib.operators.spark_sql_operator apache.spark.operators.spark_sql: SparkSqlOperator
contrib.operators.spark_submit_operator apache.spark.operators.spark_submit: SparkSubmitOperator
contrib.operators.sql_to_gcs google.cloud.transfers.sql_to_gcs:
    BaseSQLToGoogleCloudStorageOperator=BaseSQLToGCSOperator
contrib.operators.sqoop_operator apache.sqoop.operators.sqoop: SqoopOperator
contrib.operators.ssh_operator ssh.operators.ssh: SSHOperator
contrib.operators.vertica_operator vertica.operators.vertica: VerticaOperator
contrib.operators.vertica_to_hive apache.hive.transfers.vertica_to_hive: VerticaToHiveTransfer=VerticaToHiveOperator
contrib.operators.vertica_to_mysql mysql.transfers.vertica_to_mysql: VerticaToMySqlTransfer=VerticaToMySqlOperator
contrib.operators.wasb_delete_blob_operator microsoft.azure.operators.wasb_delete_blob: WasbDeleteBlobOperator
contrib.operators.winrm_operator microsoft.winrm.operators.winrm: WinRMOperator
contrib.sensors.aws_athena_sensor amazon.aws.sensors.athena: AthenaSensor
contrib.sensors.aws_glue_catalog_partition_sensor amazon.aws.sensors.glue_catalog_partition:
    AwsGlueCatalogPartitionSensor=GlueCatalogPartitionSensor
contrib.sensors.aws_redshift_cluster_sensor amazon.aws.sensors.redshift_cluster:
    AwsRedshiftClusterSensor=RedshiftClusterSensor
contrib.sensors.aws_sqs_sensor amazon.aws.sensors.sqs: SQSSensor=SqsSensor
contrib.sensors.azure_cosmos_sensor microsoft.azure.sensors.cosmos: AzureCosmosDocumentSensor
contrib.sensors.bigquery_sensor google.cloud.sensors.bigquery: BigQueryTableSensor=BigQueryTableExistenceSensor
contrib.sensors.cassandra_record_sensor apache.cassandra.sensors.record: CassandraRecordSensor
contrib.sensors.cassandra_table_sensor apache.cassandra.sensors.table: CassandraTableSensor
contrib.sensors.celery_queue_sensor celery.sensors.celery_queue: CeleryQueueSensor
contrib.sensors.datadog_sensor datadog.sensors.datadog: DatadogSensor
contrib.sensors.emr_base_sensor amazon.aws.sensors.emr: EmrBaseSensor
contrib.sensors.emr_job_flow_sensor amazon.aws.sensors.emr: EmrJobFlowSensor
contrib.sensors.emr_step_sensor amazon.aws.sensors.emr: EmrStepSensor
contrib.sensors.ftp_sensor ftp.sensors.ftp: FTPSensor FTPSSensor
contrib.sensors.gcp_transfer_sensor google.cloud.sensors.cloud_storage_transfer_service:
    GCPTransferServiceWaitForJobStatusSensor=CloudDataTransferServiceJobStatusSensor
contrib.sensors.gcs_sensor google.cloud.sensors.gcs: GoogleCloudStorageObjectSensor=GCSObjectExistenceSensor
    GoogleCloudStorageObjectUpdatedSensor=GCSObjectUpdateSensor
    GoogleCloudStoragePrefixSensor=GCSObjectsWithPrefixExistenceSensor
    GoogleCloudStorageUploadSessionCompleteSensor=GCSUploadSessionCompleteSensor
contrib.sensors.hdfs_sensor apache.hdfs.sensors.hdfs: HdfsSensorFolder HdfsSensorRegex
contrib.sensors.imap_attachment_sensor imap.sensors.imap_attachment: ImapAttachmentSensor
contrib.sensors.jira_sensor atlassian.jira.sensors.jira: JiraSensor JiraTicketSensor
contrib.sensors.mongo_sensor mongo.sensors.mongo: MongoSensor
contrib.sensors.pubsub_sensor google.cloud.sensors.pubsub: PubSubPullSensor
contrib.sensors.qubole_sensor qubole.sensors.qubole: QuboleSensor QuboleFileSensor QubolePartitionSensor
contrib.sensors.redis_key_sensor redis.sensors.redis_key: RedisKeySensor
contrib.sensors.redis_pub_sub_sensor redis.sensors.redis_pub_sub: RedisPubSubSensor
contrib.sensors.sagemaker_base_sensor amazon.aws.sensors.sagemaker: SageMakerBaseSensor
contrib.sensors.sagemaker_endpoint_sensor amazon.aws.sensors.sagemaker: SageMakerEndpointSensor
contrib.sensors.sagemaker_training_sensor amazon.aws.sensors.sagemaker: SageMakerTrainingSensor
contrib.sensors.sagemaker_transform_sensor amazon.aws.sensors.sagemaker: SageMakerTransformSensor
contrib.sensors.sagemaker_tuning_sensor amazon.aws.sensors.sagemaker: SageMakerTuningSensor
contrib.sensors.sftp_sensor sftp.sensors.sftp: SFTPSensor
contrib.sensors.wasb_sensor microsoft.azure.sensors.wasb: WasbBlobSensor WasbPrefixSensor
contrib.utils.gcp_field_sanitizer google.cloud.utils.field_sanitizer: GcpBodyFieldSanitizer GcpFieldSanitizerException
contrib.utils.gcp_field_validator google.cloud.utils.field_validator: GcpBodyFieldValidator
    GcpFieldValidationException GcpValidationSpecificationException
contrib.utils.mlengine_operator_utils google.cloud.utils.mlengine_operator_utils: create_evaluate_ops
contrib.utils.mlengine_prediction_summary google.cloud.utils.mlengine_prediction_summary: JsonCoder MakeSummary
hooks.S3_hook amazon.aws.hooks.s3: S3Hook
hooks.dbapi common.sql.hooks.sql: ConnectorProtocol DbApiHook
hooks.dbapi_hook common.sql.hooks.sql: DbApiHook
hooks.docker_hook docker.hooks.docker: DockerHook
hooks.druid_hook apache.druid.hooks.druid: DruidDbApiHook DruidHook
hooks.hdfs_hook apache.hdfs.hooks.hdfs: HDFSHook HDFSHookException
hooks.hive_hooks apache.hive.hooks.hive: HiveCliHook HiveMetastoreHook HiveServer2Hook
hooks.http_hook http.hooks.http: HttpHook
hooks.jdbc_hook jdbc.hooks.jdbc: JdbcHook
hooks.mssql_hook microsoft.mssql.hooks.mssql: MsSqlHook
hooks.mysql_hook mysql.hooks.mysql: MySqlHook
hooks.oracle_hook oracle.hooks.oracle: OracleHook
hooks.pig_hook apache.pig.hooks.pig: PigCliHook
hooks.postgres_hook postgres.hooks.postgres: PostgresHook
hooks.presto_hook presto.hooks.presto: PrestoHook PrestoException
hooks.samba_hook samba.hooks.samba: SambaHook
hooks.slack_hook slack.hooks.slack: SlackHook
hooks.sqlite_hook sqlite.hooks.sqlite: SqliteHook
hooks.webhdfs_hook apache.hdfs.hooks.webhdfs: WebHDFSHook AirflowWebHDFSHookException
hooks.zendesk_hook zendesk.hooks.zendesk: ZendeskHook
kubernetes.secret cncf.kubernetes.secret: Secret
kubernetes.kube_client cncf.kubernetes.kube_client: get_kube_client
kubernetes.pod_generator cncf.kubernetes.pod_generator: PodGenerator make_safe_label_value
  cncf.kubernetes.utils.xcom_sidecar: PodDefaults
kubernetes.k8s_model cncf.kubernetes.k8s_model: K8SModel append_to_pod
kubernetes.pod cncf.kubernetes.backcompat.pod: Port Resources
kubernetes.pod_launcher cncf.kubernetes.utils.pod_manager: PodLauncher=PodManager PodStatus=PodPhase
kubernetes.pod_runtime_info_env cncf.kubernetes.backcompat.pod_runtime_info_env: PodRuntimeInfoEnv
kubernetes.volume cncf.kubernetes.backcompat.volume: Volume
kubernetes.volume_mount cncf.kubernetes.backcompat.volume_mount: VolumeMount
contrib.kubernetes.secret cncf.kubernetes.secret: Secret
contrib.kubernetes.pod cncf.kubernetes.backcompat.pod: Port Resources
contrib.kubernetes.pod_runtime_info_env cncf.kubernetes.backcompat.pod_runtime_info_env: PodRuntimeInfoEnv
contrib.kubernetes.volume cncf.kubernetes.backcompat.volume: Volume
contrib.kubernetes.volume_mount cncf.kubernetes.backcompat.volume_mount: VolumeMount
macros.hive apache.hive.macros.hive: closest_ds_partition max_partition
operators.check_operator common.sql.operators.sql: CheckOperator=SQLCheckOperator
    IntervalCheckOperator=SQLIntervalCheckOperator ThresholdCheckOperator=SQLThresholdCheckOperator
    ValueCheckOperator=SQLValueCheckOperator
operators.docker_operator docker.operators.docker: DockerOperator
operators.druid_check_operator apache.druid.operators.druid_check: DruidCheckOperator
operators.gcs_to_s3 amazon.aws.transfers.gcs_to_s3: GCSToS3Operator
operators.generic_transfer common.sql.operators.generic_transfer: GenericTransfer
operators.google_api_to_s3_transfer amazon.aws.transfers.google_api_to_s3: GoogleApiToS3Operator
    GoogleApiToS3Transfer=GoogleApiToS3Operator
operators.hive_operator apache.hive.operators.hive: HiveOperator
operators.hive_stats_operator apache.hive.operators.hive_stats: HiveStatsCollectionOperator
operators.hive_to_druid apache.druid.transfers.hive_to_druid: HiveToDruidTransfer=HiveToDruidOperator
operators.hive_to_mysql apache.hive.transfers.hive_to_mysql: HiveToMySqlTransfer=HiveToMySqlOperator
operators.hive_to_samba_operator apache.hive.transfers.hive_to_samba: Hive2SambaOperator=HiveToSambaOperator
operators.http_operator http.operators.http: SimpleHttpOperator
operators.jdbc_operator jdbc.operators.jdbc: JdbcOperator
operators.mssql_operator microsoft.mssql.operators.mssql: MsSqlOperator
operators.mssql_to_hive apache.hive.transfers.mssql_to_hive: MsSqlToHiveTransfer=MsSqlToHiveOperator
operators.mysql_operator mysql.operators.mysql: MySqlOperator
operators.mysql_to_hive apache.hive.transfers.mysql_to_hive: MySqlToHiveTransfer=MySqlToHiveOperator
operators.oracle_operator oracle.operators.oracle: OracleOperator
operators.papermill_operator papermill.operators.papermill: PapermillOperator NoteBook
operators.pig_operator apache.pig.operators.pig: PigOperator
operators.postgres_operator postgres.operators.postgres: PostgresOperator
operators.presto_check_operator common.sql.operators.sql: PrestoCheckOperator=SQLCheckOperator
    PrestoIntervalCheckOperator=SQLIntervalCheckOperator PrestoValueCheckOperator=SQLValueCheckOperator
operators.presto_to_mysql mysql.transfers.presto_to_mysql: PrestoToMySqlTransfer=PrestoToMySqlOperator
operators.redshift_to_s3_operator amazon.aws.transfers.redshift_to_s3: RedshiftToS3Transfer=RedshiftToS3Operator
operators.s3_file_transform_operator amazon.aws.operators.s3: S3FileTransformOperator
operators.s3_to_hive_operator apache.hive.transfers.s3_to_hive: S3ToHiveTransfer=S3ToHiveOperator
operators.s3_to_redshift_operator amazon.aws.transfers.s3_to_redshift: S3ToRedshiftTransfer=S3ToRedshiftOperator
operators.sensors http.sensors.http: HttpSensor
  apache.hive.sensors.metastore_partition: MetastorePartitionSensor
  apache.hive.sensors.hive_partition: HivePartitionSensor
  amazon.aws.sensors.s3: S3KeySensor S3PrefixSensor=S3KeySensor
  common.sql.sensors.sql: SqlSensor
  apache.hdfs.sensors.web_hdfs: WebHdfsSensor
operators.slack_operator slack.operators.slack: SlackAPIOperator SlackAPIPostOperator
operators.sql common.sql.operators.sql: BranchSQLOperator SQLCheckOperator SQLIntervalCheckOperator
    SQLThresholdCheckOperator SQLValueCheckOperator
operators.sql_branch_operator common.sql.operators.sql: BranchSqlOperator=BranchSQLOperator
operators.sqlite_operator sqlite.operators.sqlite: SqliteOperator
sensors.hdfs_sensor apache.hdfs.sensors.hdfs: HdfsSensor
sensors.hive_partition_sensor apache.hive.sensors.hive_partition: HivePartitionSensor
sensors.http_sensor http.sensors.http: HttpSensor
sensors.metastore_partition_sensor apache.hive.sensors.metastore_partition: MetastorePartitionSensor
sensors.named_hive_partition_sensor apache.hive.sensors.named_hive_partition: NamedHivePartitionSensor
sensors.s3_key_sensor amazon.aws.sensors.s3: S3KeySensor
sensors.s3_prefix_sensor amazon.aws.sensors.s3: S3PrefixSensor=S3KeySensor
sensors.sql common.sql.sensors.sql: SqlSensor
sensors.sql_sensor common.sql.sensors.sql: SqlSensor
sensors.web_hdfs_sensor apache.hdfs.sensors.web_hdfs: WebHdfsSensor
"""

_SQL = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
_CHECK = "airflow.providers.common.sql.operators.sql.SQLCheckOperator"

# Classes that are gone from the providers of today, as subclasses of what took their place. Old class (below
# ``airflow.providers``) to the new one, and what its arguments are called there; an argument that goes into another
# one's dict is written ``dict.key``. The value is the argument's default.
ADAPTED: dict[str, tuple[str, dict[str, tuple[str, object]]]] = {
    "apache.druid.operators.druid_check.DruidCheckOperator": (
        _CHECK,
        {"druid_broker_conn_id": ("conn_id", "druid_broker_default")},
    ),
    "amazon.aws.operators.redshift_sql.RedshiftSQLOperator": (
        _SQL,
        {"redshift_conn_id": ("conn_id", "redshift_default")},
    ),
    "http.operators.http.SimpleHttpOperator": ("airflow.providers.http.operators.http.HttpOperator", {}),
    "jdbc.operators.jdbc.JdbcOperator": (_SQL, {"jdbc_conn_id": ("conn_id", "jdbc_default")}),
    "microsoft.mssql.operators.mssql.MsSqlOperator": (_SQL, {"mssql_conn_id": ("conn_id", "mssql_default")}),
    "mysql.operators.mysql.MySqlOperator": (_SQL, {"mysql_conn_id": ("conn_id", "mysql_default")}),
    "oracle.operators.oracle.OracleOperator": (_SQL, {"oracle_conn_id": ("conn_id", "oracle_default")}),
    "postgres.operators.postgres.PostgresOperator": (_SQL, {"postgres_conn_id": ("conn_id", "postgres_default")}),
    "snowflake.operators.snowflake.SnowflakeOperator": (
        _SQL,
        {
            "snowflake_conn_id": ("conn_id", "snowflake_default"),
            "warehouse": ("hook_params.warehouse", None),
            "database": ("hook_params.database", None),
            "role": ("hook_params.role", None),
            "schema": ("hook_params.schema", None),
            "authenticator": ("hook_params.authenticator", None),
            "session_parameters": ("hook_params.session_parameters", None),
        },
    ),
    "sqlite.operators.sqlite.SqliteOperator": (_SQL, {"sqlite_conn_id": ("conn_id", "sqlite_default")}),
    "trino.operators.trino.TrinoOperator": (_SQL, {"trino_conn_id": ("conn_id", "trino_default")}),
    "vertica.operators.vertica.VerticaOperator": (_SQL, {"vertica_conn_id": ("conn_id", "vertica_default")}),
}

_PROJECT = {"project": "project_id"}

# Old paths of classes whose arguments have other names now: old argument to new.
ARGUMENTS: dict[str, dict[str, str]] = {
    "contrib.operators.gcp_cloud_build_operator.CloudBuildCreateBuildOperator": {"body": "build"},
    "contrib.operators.gcp_transfer_operator.GcpTransferServiceOperationsListOperator": {"filter": "request_filter"},
    "contrib.operators.pubsub_operator.PubSubPublishOperator": _PROJECT,
    "contrib.operators.pubsub_operator.PubSubSubscriptionCreateOperator": {
        "topic_project": "project_id",
        "subscription_project": "subscription_project_id",
    },
    "contrib.operators.pubsub_operator.PubSubSubscriptionDeleteOperator": _PROJECT,
    "contrib.operators.pubsub_operator.PubSubTopicCreateOperator": _PROJECT,
    "contrib.operators.pubsub_operator.PubSubTopicDeleteOperator": _PROJECT,
    "contrib.sensors.pubsub_sensor.PubSubPullSensor": _PROJECT,
}

_SUBMIT = "use DataprocSubmitJobOperator of airflow.providers.google.cloud.operators.dataproc"
_BEAM = "use an operator of airflow.providers.apache.beam.operators.beam"
_VERTEX = "use the operators of airflow.providers.google.cloud.operators.vertex_ai"
_POD = "use the classes of kubernetes.client.models"

# Names (or all names of a module) that nothing takes the place of one to one, and what to use.
ADVICE: dict[str, str] = {
    "apache.hdfs.hooks.hdfs": "use WebHDFSHook of airflow.providers.apache.hdfs.hooks.webhdfs",
    "apache.hdfs.sensors.hdfs": "use WebHdfsSensor of airflow.providers.apache.hdfs.sensors.web_hdfs",
    "apache.sqoop": "the project Apache Sqoop has ended; use SparkSubmitOperator or a transfer operator",
    "cncf.kubernetes.backcompat.pod": f"{_POD} (V1ResourceRequirements, V1ContainerPort)",
    "cncf.kubernetes.backcompat.pod_runtime_info_env": f"{_POD} (V1EnvVar with V1EnvVarSource)",
    "cncf.kubernetes.backcompat.volume": f"{_POD} (V1Volume)",
    "cncf.kubernetes.backcompat.volume_mount": f"{_POD} (V1VolumeMount)",
    "google.cloud.hooks.mlengine": "use the hooks of airflow.providers.google.cloud.hooks.vertex_ai",
    "google.cloud.operators.bigquery.BigQueryCreateEmptyTableOperator": "use BigQueryCreateTableOperator",
    "google.cloud.operators.bigquery.BigQueryCreateExternalTableOperator": "use BigQueryCreateTableOperator",
    "google.cloud.operators.bigquery.BigQueryExecuteQueryOperator": "use BigQueryInsertJobOperator",
    "google.cloud.operators.bigquery.BigQueryPatchDatasetOperator": "use BigQueryUpdateDatasetOperator",
    "google.cloud.operators.dataflow.DataflowCreateJavaJobOperator": f"{_BEAM} (BeamRunJavaPipelineOperator)",
    "google.cloud.operators.dataflow.DataflowCreatePythonJobOperator": f"{_BEAM} (BeamRunPythonPipelineOperator)",
    "google.cloud.operators.datapipeline": "use DataflowCreatePipelineOperator and DataflowRunPipelineOperator",
    "google.cloud.operators.dataproc.DataprocScaleClusterOperator": "use DataprocUpdateClusterOperator",
    "google.cloud.operators.dataproc.DataprocSubmitHadoopJobOperator": _SUBMIT,
    "google.cloud.operators.dataproc.DataprocSubmitHiveJobOperator": _SUBMIT,
    "google.cloud.operators.dataproc.DataprocSubmitPigJobOperator": _SUBMIT,
    "google.cloud.operators.dataproc.DataprocSubmitPySparkJobOperator": _SUBMIT,
    "google.cloud.operators.dataproc.DataprocSubmitSparkJobOperator": _SUBMIT,
    "google.cloud.operators.dataproc.DataprocSubmitSparkSqlJobOperator": _SUBMIT,
    "google.cloud.operators.mlengine": _VERTEX,
    "google.cloud.utils.mlengine_operator_utils": _VERTEX,
    "hipchat": "the service HipChat has ended",
    "qubole": "the service Qubole has ended",
}
