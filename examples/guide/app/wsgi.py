"""A user centre, small: each worker keeps its users in memory, log lines go through `logging`."""

import logging
import os

from flask import Flask, abort, jsonify, request

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("user_center")
app = Flask(__name__)
users = {1: {"id": 1, "name": "einverne"}}


@app.get("/")
def index():
    """Who answers: for the curious and for health checks."""
    return jsonify(greeting=os.environ.get("APP_GREETING", "hello"), pid=os.getpid(), master=os.getppid())


@app.get("/users")
def list_users():
    """All users."""
    return jsonify(sorted(users.values(), key=lambda user: user["id"]))


@app.get("/users/<int:number>")
def show_user(number):
    """One user, or 404."""
    if number not in users:
        log.warning("no user %d", number)
        abort(404)
    return jsonify(users[number])


@app.post("/users")
def add_user():
    """A new user from {"name": ...}."""
    name = (request.get_json(silent=True) or {}).get("name")
    if not name:
        abort(400)
    number = max(users) + 1
    users[number] = {"id": number, "name": name}
    log.info("user %d is %s", number, name)
    return jsonify(users[number]), 201


@app.get("/log/<int:lines>")
def write_log(lines):
    """Writes so many lines into the log: to see it rolled."""
    for line in range(lines):
        log.info("line %d of %d", line + 1, lines)
    return jsonify(lines=lines)
