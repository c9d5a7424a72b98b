"""The stock service of the samples, as server or as client, over gRPC's own C core. The messages' classes come from protoc."""
import sys
import threading
from concurrent import futures

import grpc

role, folder, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, folder)
import stock_pb2 as pb


def read(name):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


def caller(context):
    return next(name.decode() for name in context.auth_context()["peer_spiffe_id"])


def price(request, context):
    if request.count < 0:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Fewer than none cannot be had.")
    return pb.Quote(name=request.name, cents=100 * request.count)


def watch(request, context):
    for i in range(request.count):
        yield pb.Quote(name=request.name, cents=i + 1)


def deliver(items, context):
    return pb.Receipt(count=sum(item.count for item in items), **{"from": caller(context)})


def haggle(offers, context):
    for offer in offers:
        yield pb.Quote(name=offer.name, cents=offer.cents + 1)


def serve():
    kinds = [
        ("Price", price, grpc.unary_unary_rpc_method_handler, pb.Item),
        ("Watch", watch, grpc.unary_stream_rpc_method_handler, pb.Item),
        ("Deliver", deliver, grpc.stream_unary_rpc_method_handler, pb.Item),
        ("Haggle", haggle, grpc.stream_stream_rpc_method_handler, pb.Quote),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("samples.Stock", {
        name: make(handler, message.FromString, lambda answer: answer.SerializeToString()) for name, handler, make, message in kinds
    })])
    server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(read("key.pem"), read("chain.pem"))], read("roots.pem"), require_client_auth=True))
    server.start()
    print("serving", flush=True)
    sys.stdin.read()
    server.stop(None)


def ask():
    credentials = grpc.ssl_channel_credentials(read("roots.pem"), read("key.pem"), read("chain.pem"))
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        def method(kind, name, answer):
            return kind(f"/samples.Stock/{name}", request_serializer=lambda message: message.SerializeToString(), response_deserializer=answer.FromString)

        def tell(name, value):
            print(name, value, flush=True)

        try:
            quote = method(channel.unary_unary, "Price", pb.Quote)(pb.Item(name="tea", count=3), timeout=30)
            tell("price", f"{quote.name} {quote.cents}")
            try:
                method(channel.unary_unary, "Price", pb.Quote)(pb.Item(count=-1), timeout=30)
            except grpc.RpcError as error:
                tell("refused", f"{error.code().name} {error.details()}")
            tell("watch", sum(quote.cents for quote in method(channel.unary_stream, "Watch", pb.Quote)(pb.Item(name="tea", count=5000), timeout=60)))
            receipt = method(channel.stream_unary, "Deliver", pb.Receipt)((pb.Item(count=i) for i in range(1, 1001)), timeout=60)
            tell("deliver", f"{receipt.count} {getattr(receipt, 'from')}")
            offers = (pb.Quote(name="x" * (i * 100), cents=i) for i in range(500))
            tell("haggle", sum(quote.cents + len(quote.name) for quote in method(channel.stream_stream, "Haggle", pb.Quote)(offers, timeout=60)))
        except grpc.RpcError as error:
            tell("failed", f"{error.code().name} {error.details()}")


serve() if role == "serve" else ask()
