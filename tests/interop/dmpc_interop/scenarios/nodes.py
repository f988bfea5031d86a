"""Nodes: who they are, what services they have, and transactions for two of them."""

from __future__ import annotations

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from dmpc_interop import domains, ids, kinds, transaction
from dmpc_interop.client import is_final
from dmpc_interop.client_grpc import GrpcClient
from dmpc_interop.client_ws import WsClient
from dmpc_interop.identity import Identity
from dmpc_interop.ids import Name
from dmpc_interop.operation import Draft
from dmpc_interop.scenarios.stage import Arguments, Result, addresses, expect, person, scenario, user_text

SERVICE = "dmpc.v1.Node"


@scenario
def services(arguments: Arguments) -> Result:
    """Health and reflection, by the libraries that gRPC has for them."""
    with GrpcClient(addresses(arguments).grpc) as client:
        health = health_pb2_grpc.HealthStub(client.channel)
        for service in ("", SERVICE):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            expect(f"health of {service!r}", answer.status, health_pb2.HealthCheckResponse.SERVING)
        database = ProtoReflectionDescriptorDatabase(client.channel)
        listed = sorted(database.get_services())
        described = DescriptorPool(database).FindServiceByName(SERVICE)
        ours = pb.DESCRIPTOR.services_by_name["Node"]
        methods = [method.name for method in described.methods]
        expect("methods", methods, [method.name for method in ours.methods])
        for one, other in zip(described.methods, ours.methods, strict=True):
            for reflected, generated in ((one.input_type, other.input_type), (one.output_type, other.output_type)):
                fields = {field.name: field.number for field in reflected.fields}
                expect(reflected.name, fields, {field.name: field.number for field in generated.fields})
    return {"services": listed, "methods": methods}


@scenario
def node_info(arguments: Arguments) -> Result:
    """What both front ends say of the node is the same, and is of it. Needs node_identity, the file of its keys."""
    place = addresses(arguments)
    with GrpcClient(place.grpc) as over_grpc, WsClient(place.ws) as over_ws:
        info = over_grpc.node_info()
        other = over_ws.node_info()
        expect("two proofs", other.signature != info.signature, True)
        other.signature = info.signature
        expect("node info", other, info)
    return {
        "node": ids.write(Name.NODE, info.node),
        "recipient": ids.write(Name.ENCRYPTION_KEY, info.recipient),
        "roots": [user_text(root) for root in info.roots],
        "operations": info.operations,
        "ruleset": info.ruleset,
        "state": info.state_digest.hex(),
        "log": info.log_digest.hex(),
    }


@scenario
def two_recipients(arguments: Arguments) -> Result:
    """One sealed transaction has the same effect at two nodes. Needs root, others (addresses of the second node)."""
    first = person(arguments, arguments["root"])
    second = person({**arguments, **arguments["other"]}, arguments["root"])
    newcomer = Identity.generate()
    made = first.signer.sign(Draft(op.KIND_USER_CREATE, kinds.user_create(newcomer, 0, "carol")))
    recipients = [first.info.recipient, second.info.recipient]
    carried = transaction.transaction(
        transaction.content([made.data]), recipients, read_status_updates=True, transmission=b"by any means"
    )
    wanted = [pb.TICKET_STATE_QUEUED, pb.TICKET_STATE_RUNNING, pb.TICKET_STATE_SUCCESS]
    for node in (first, second):
        acks = node.client.submit([carried])
        expect("updates", [ack.state for ack in acks], wanted)
        (outcome,) = (one for ack in acks if is_final(ack) for one in ack.outcomes)
        expect("outcome", (outcome.kind, outcome.operation), (pb.OUTCOME_KIND_APPLIED, made.id))
    one, other = first.client.node_info(), second.client.node_info()
    expect("two nodes", one.node != other.node, True)
    expect("state", one.state_digest, other.state_digest)
    expect("log", one.log_digest, other.log_digest)
    expect("user id", domains.user_id(newcomer.signing.public, newcomer.encryption.public), made.subject)
    return {"user": user_text(made.subject), "state": one.state_digest.hex()}


@scenario
def sealed_listener(arguments: Arguments) -> Result:
    """A listener that takes only sealed transactions. Needs root."""
    root = person(arguments, arguments["root"])
    expect("accepts open", root.info.accepts_open, False)
    drafts = [Draft(op.KIND_USER_CREATE, kinds.user_create(Identity.generate())) for _ in range(2)]
    made = root.signer.sign(drafts[0])
    (ack,) = root.client.submit([transaction.transaction(transaction.content([made.data]))])
    (outcome,) = root.submit([made])
    expect("sealed", outcome.kind, pb.OUTCOME_KIND_APPLIED)
    return {"reason": ack.error.reason}
