"""A mail server for the tests: takes what it is given, and tells each mail as a line of JSON on standard output.

Its first argument is JSON: "tls" (certificate and key files), "login" (username and password) and "answers" (what it says to
the first recipients it is given, one after the other, before it takes any). It listens on a free port of 127.0.0.1, says which in
its first line, and ends when standard input does.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, Session

settings = json.loads(sys.argv[1])
answers = settings.get("answers", [])


def tell(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if answers:
            answer = answers.pop(0)
            tell({"answered": answer})
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session: Session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {kind: mail.get_body([kind]).get_content() for kind in ("plain", "html")}
        tell({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": parts["plain"],
            "html": parts["html"],
            "tls": session.ssl is not None,
            "login": session.auth_data,
        })
        return "250 OK"


def authenticator(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == settings["login"], handled=False, auth_data=given[0])


def server():
    options = {"enable_SMTPUTF8": True}
    if "tls" in settings:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*settings["tls"])
        options |= {"tls_context": context, "require_starttls": True}
    if "login" in settings:
        options |= {"authenticator": authenticator, "auth_required": True, "auth_require_tls": "tls" in settings}
    return SMTP(Handler(), **options)


async def main():
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, "127.0.0.1", 0)
    tell({"port": listening.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
