import { connect } from "steadfast";

test("the echo comes back", async () => {
  expect(typeof document).toBe("object");
  let client;
  const echo = await new Promise((resolve, reject) => {
    const on = { message: ({ data }) => resolve(data) };
    connect(process.env.SERVER, { on }).then((connected) => {
      client = connected;
      client.send("steadfast");
    }, reject);
  });
  client.close();
  expect(echo).toBe("steadfast");
});
