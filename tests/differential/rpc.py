"""Remote calls to both sides: XML-RPC to Supervisor, JSON-RPC to treeherd, over a unix socket or TCP.

A fault is a value here (`Fault`, with Supervisor's number and text), so that scenarios can note it.
"""

import base64
import http.client
import json
import socket
import xmlrpc.client


class Fault:
    """A call that was refused."""

    def __init__(self, code, text):
        self.code, self.text = code, text

    def __repr__(self):
        return f"fault {self.code} {self.text}"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.unix_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


def post(where, path, body, kind, credentials):
    """POSTs and returns (status, body)."""
    connection = UnixConnection(where, 30) if isinstance(where, str) else http.client.HTTPConnection(*where, timeout=30)
    headers = {"Content-Type": kind}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def xml_call(where, method, params, credentials=None):
    """One XML-RPC call."""
    body = xmlrpc.client.dumps(tuple(params), method).encode()
    status, answer = post(where, "/RPC2", body, "text/xml", credentials)
    if status != 200:
        return Fault(status, "HTTP")
    try:
        return xmlrpc.client.loads(answer)[0][0]
    except xmlrpc.client.Fault as fault:
        return Fault(fault.faultCode, fault.faultString)


def json_call(where, method, params, credentials=None):
    """One JSON-RPC call."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    status, answer = post(where, "/rpc", body, "application/json", credentials)
    if status != 200:
        return Fault(status, "HTTP")
    answer = json.loads(answer)
    if "error" in answer:
        error = answer["error"]
        data = error.get("data")
        number = data.get("fault") if isinstance(data, dict) else None
        return Fault(error["code"] if number is None else number, error["message"])
    return answer["result"]
