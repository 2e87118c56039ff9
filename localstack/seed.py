# SPDX-License-Identifier: Apache-2.0
"""Run by LocalStack when it is ready: makes a key that is the same after every start, and its alias."""
import os

import boto3

KEY_ID = "5ea15ea1-0000-4000-8000-000000000001"
ALIAS = "alias/sealwright"
# Base64 of 32 bytes. A throwaway that everybody knows.
MATERIAL = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="

kms = boto3.client(
    "kms",
    endpoint_url="http://127.0.0.1:" + os.environ["GATEWAY_LISTEN"].rpartition(":")[2],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
tags = {"_custom_id_": KEY_ID, "_custom_key_material_": MATERIAL}
kms.create_key(Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()])
kms.create_alias(AliasName=ALIAS, TargetKeyId=KEY_ID)
