"""The network of environments: instances reach out, nothing reaches in, and nothing of it costs money by itself."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

RANGE = "10.64.0.0/16"


class Network(Construct):
    """Two public subnets without a NAT gateway, which would cost money every hour; S3 and DynamoDB are reached from within."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        self.vpc = ec2.Vpc(
            self, "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(RANGE),
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,  # which takes a custom resource; nothing is in that group
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=18)
            ],
            gateway_endpoints={
                "Objects": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Tables": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )  # fmt: skip
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=self.vpc, description="Environments: reach out, and are not reached", allow_all_outbound=True
        )  # fmt: skip
        self.subnets = [subnet.subnet_id for subnet in self.vpc.public_subnets]
