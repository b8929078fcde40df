import { connect } from "steadfast";

async function main() {
  const client = await connect(new URLSearchParams(location.search).get("server"), {
    on: {
      message: ({ data }) => {
        document.body.dataset.echo = data;
      },
    },
  });
  client.send("steadfast");
}

main();
