// SPDX-License-Identifier: Apache-2.0
import { connectionFailureIn, connectionFailureOf, notReached } from "@sealwright/seal";
import { describe, expect, test } from "vitest";

/** An error as Node makes them. */
function nodeError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

describe("an error of Node's is told by its code:", () => {
  test.each([
    ["ECONNREFUSED", "refused"],
    ["ENOTFOUND", "noHost"],
    ["EAI_AGAIN", "noNameService"],
    ["EHOSTUNREACH", "noRoute"],
    ["ENETUNREACH", "noRoute"],
    ["ETIMEDOUT", "timedOut"],
    ["ECONNRESET", "cut"],
    ["EPIPE", "cut"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "noTls"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "noTls"],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "unfitTls"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "handshake"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "wrongName"],
    ["CERT_HAS_EXPIRED", "expired"],
    ["CERT_NOT_YET_VALID", "notYetValid"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "untrusted"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "untrusted"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "untrusted"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "untrusted"],
    ["CERT_UNTRUSTED", "untrusted"],
    ["CERT_SIGNATURE_FAILURE", "untrusted"],
    ["HPE_INVALID_CONSTANT", "notHttp"],
    ["ERR_PROXY_TUNNEL", "proxy"],
  ])("%s is %s", (code, failure) => {
    expect(connectionFailureOf(nodeError(code, "self-signed proxy that is closed"))).toBe(failure);
  });

  test("EPROTO, which all of OpenSSL's have, by what OpenSSL says", () => {
    const said = (reason: string) => connectionFailureOf(nodeError("EPROTO", `write EPROTO SSL routines:x:${reason}`));
    expect(said("wrong version number")).toBe("noTls");
    expect(said("sslv3 alert handshake failure")).toBe("handshake");
    expect(said("unsupported protocol")).toBe("unfitTls");
  });

  test("and without one, where it is a client's own limit for connecting, by its name", () => {
    expect(connectionFailureOf(Object.assign(new Error("too slow"), { name: "TimeoutError" }))).toBe("timedOut");
  });
});

test.each([
  ["one without a code", new Error("connect ECONNREFUSED")],
  ["a missing file", nodeError("ENOENT")],
  ["a wrong argument", nodeError("ERR_INVALID_ARG_TYPE", "closed")],
  ["a number for a code, as gRPC has them", Object.assign(new Error("ECONNREFUSED"), { code: 14 })],
])("an error that is not about the connection has no reason: %s", (_what, error) => {
  expect(connectionFailureOf(error)).toBeUndefined();
});

test.each([
  ["14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1", "refused"],
  ["Name resolution failed for target dns:no-such-host.invalid:443", "unresolved"],
  ["No connection established. Last error: unable to verify the first certificate", "untrusted"],
  ["Last error: Hostname/IP does not match certificate's altnames", "wrongName"],
  ["Last error: certificate has expired", "expired"],
  ["error:0A00010B:SSL routines:tls_validate_record_header:wrong version number", "noTls"],
  ["read ECONNRESET", "cut"],
  ["Connection dropped", "cut"],
])("a library's text is told as well: %s", (text, failure) => {
  expect(connectionFailureIn(text)).toBe(failure);
});

test("a text that tells nothing of a connection has no reason", () => {
  expect(connectionFailureIn("permission denied")).toBeUndefined();
});

describe("what is not reached is SEAL_UNAVAILABLE", () => {
  const advice = { refused: "start it" };

  test("with the reason, the seal's own advice, and Node's error for the log alone", () => {
    const cause = nodeError("ECONNREFUSED", "connect ECONNREFUSED 10.1.2.3:443");
    const error = notReached("the KMS, which has the key k,", cause, advice);
    expect(error).toMatchObject({ code: "SEAL_UNAVAILABLE", retryable: true, advice: "start it", cause });
    expect(error.message).toBe("the KMS, which has the key k, is not reached: nothing listens there");
  });

  test("with the code's advice where the seal has none of its own", () => {
    expect(notReached("it", nodeError("EPIPE"), advice).advice).toContain("up and reachable");
  });

  test("with the code of an error that is not known, and without one where there is none", () => {
    expect(notReached("it", nodeError("E_ODD"), advice).message).toBe("it is not reached: the request failed (E_ODD)");
    expect(notReached("it", new Error("secret"), advice).message).toBe("it is not reached: the request failed");
  });
});
