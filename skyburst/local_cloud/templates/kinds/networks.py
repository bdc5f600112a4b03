"""Networks of EC2: there is nothing behind them here, but what refers to them finds them."""

from __future__ import annotations

from typing import Any

from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind


def tags(wanted: Wanted, resource: str) -> dict[str, Any]:
    """The tags of a template as EC2 takes them when it makes a resource."""
    given = wanted.properties.get("Tags")
    return {"TagSpecifications": [{"ResourceType": resource, "Tags": given}]} if given else {}


def _create_vpc(wanted: Wanted) -> Made:
    is_ = wanted.properties
    found = wanted.call("ec2", "CreateVpc", **wanted.only("CidrBlock", "InstanceTenancy"), **tags(wanted, "vpc"))["Vpc"]
    vpc = found["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in is_:
            wanted.call("ec2", "ModifyVpcAttribute", VpcId=vpc, **{name: {"Value": is_[name]}})
    groups = wanted.client("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    return Made(vpc, {"VpcId": vpc, "CidrBlock": found["CidrBlock"], "DefaultSecurityGroup": groups[0]["GroupId"]})


def _delete_vpc(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteVpc", VpcId=made.physical_id)


def _create_subnet(wanted: Wanted) -> Made:
    found = wanted.call(
        "ec2", "CreateSubnet", **wanted.only("AvailabilityZone", "CidrBlock", "VpcId"), **tags(wanted, "subnet")
    )["Subnet"]
    if "MapPublicIpOnLaunch" in wanted.properties:
        public = {"Value": wanted.properties["MapPublicIpOnLaunch"]}
        wanted.call("ec2", "ModifySubnetAttribute", SubnetId=found["SubnetId"], MapPublicIpOnLaunch=public)
    zone = found["AvailabilityZone"]
    return Made(found["SubnetId"], {"SubnetId": found["SubnetId"], "AvailabilityZone": zone, "VpcId": found["VpcId"]})


def _delete_subnet(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteSubnet", SubnetId=made.physical_id)


def _create_gateway(wanted: Wanted) -> Made:
    made = wanted.call("ec2", "CreateInternetGateway", **tags(wanted, "internet-gateway"))["InternetGateway"]
    return Made(made["InternetGatewayId"], {"InternetGatewayId": made["InternetGatewayId"]})


def _delete_gateway(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteInternetGateway", InternetGatewayId=made.physical_id)


def _attach(wanted: Wanted) -> Made:
    wanted.call("ec2", "AttachInternetGateway", **wanted.only("InternetGatewayId", "VpcId"))
    return Made(f"IGW|{wanted.properties['VpcId']}")


def _detach(wanted: Wanted, _made: Made) -> None:
    wanted.call("ec2", "DetachInternetGateway", **wanted.only("InternetGatewayId", "VpcId"))


def _create_table(wanted: Wanted) -> Made:
    made = wanted.call("ec2", "CreateRouteTable", **wanted.only("VpcId"), **tags(wanted, "route-table"))["RouteTable"]
    return Made(made["RouteTableId"], {"RouteTableId": made["RouteTableId"]})


def _delete_table(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteRouteTable", RouteTableId=made.physical_id)


def _create_route(wanted: Wanted) -> Made:
    wanted.call("ec2", "CreateRoute", **wanted.only("DestinationCidrBlock", "GatewayId", "RouteTableId"))
    where = wanted.properties["DestinationCidrBlock"]
    return Made(f"{wanted.properties['RouteTableId']}|{where}", {"CidrBlock": where})


def _delete_route(wanted: Wanted, _made: Made) -> None:
    wanted.call("ec2", "DeleteRoute", **wanted.only("DestinationCidrBlock", "RouteTableId"))


def _associate(wanted: Wanted) -> Made:
    made = wanted.call("ec2", "AssociateRouteTable", **wanted.only("RouteTableId", "SubnetId"))["AssociationId"]
    return Made(made, {"Id": made})


def _dissociate(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DisassociateRouteTable", AssociationId=made.physical_id)


def _create_endpoint(wanted: Wanted) -> Made:
    given = wanted.only("RouteTableIds", "ServiceName", "VpcEndpointType", "VpcId")
    made = wanted.call("ec2", "CreateVpcEndpoint", **given, **tags(wanted, "vpc-endpoint"))["VpcEndpoint"]
    return Made(made["VpcEndpointId"], {"Id": made["VpcEndpointId"]})


def _delete_endpoint(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[made.physical_id])


def _create_group(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("GroupName"), 255)
    group = wanted.call(
        "ec2", "CreateSecurityGroup", GroupName=name, Description=is_["GroupDescription"], **wanted.only("VpcId"),
        **tags(wanted, "security-group"),
    )["GroupId"]  # fmt: skip
    ec2 = wanted.client("ec2")
    if "SecurityGroupEgress" in is_:
        # A group that is made lets everything out, as a template that says nothing does.
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        for rule in is_["SecurityGroupEgress"]:
            ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[_permission(rule)])
    for rule in is_.get("SecurityGroupIngress", []):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(rule)])
    return Made(group, {"GroupId": group, "VpcId": is_.get("VpcId", "")})


def _permission(rule: dict[str, Any]) -> dict[str, Any]:
    ports: dict[str, Any] = {name: int(rule[name]) for name in ("FromPort", "ToPort") if name in rule}
    ranges = {"CidrIp": rule["CidrIp"]} | ({"Description": rule["Description"]} if "Description" in rule else {})
    return {"IpProtocol": str(rule["IpProtocol"]), "IpRanges": [ranges], **ports}


def _delete_group(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteSecurityGroup", GroupId=made.physical_id)


KINDS: dict[str, Kind] = {
    "AWS::EC2::VPC": kind(
        "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags", _create_vpc, delete=_delete_vpc
    ),
    "AWS::EC2::Subnet": kind(
        "AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags VpcId", _create_subnet, delete=_delete_subnet
    ),
    "AWS::EC2::InternetGateway": kind("Tags", _create_gateway, delete=_delete_gateway),
    "AWS::EC2::VPCGatewayAttachment": kind("InternetGatewayId VpcId", _attach, delete=_detach),
    "AWS::EC2::RouteTable": kind("Tags VpcId", _create_table, delete=_delete_table),
    "AWS::EC2::Route": kind("DestinationCidrBlock GatewayId RouteTableId", _create_route, delete=_delete_route),
    "AWS::EC2::SubnetRouteTableAssociation": kind("RouteTableId SubnetId", _associate, delete=_dissociate),
    "AWS::EC2::VPCEndpoint": kind(
        "RouteTableIds ServiceName Tags VpcEndpointType VpcId", _create_endpoint, delete=_delete_endpoint
    ),
    "AWS::EC2::SecurityGroup": kind(
        "GroupDescription GroupName SecurityGroupEgress SecurityGroupIngress Tags VpcId", _create_group,
        delete=_delete_group,
    ),
}  # fmt: skip
