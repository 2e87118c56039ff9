// SPDX-License-Identifier: Apache-2.0
// The yardstick for HTTP: Express with one handler and nothing else. Arguments: port, bytes of the answer.
import express from "express";

const [port, bytes] = process.argv.slice(2).map(Number);
const answer = JSON.stringify({ data: "x".repeat(Math.max(0, (bytes ?? 0) - 11)) });
const app = express();
app.disable("x-powered-by");
app.use((_request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(answer);
});
app.listen(port ?? 0, "127.0.0.1");
