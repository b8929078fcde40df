import { connect } from "steadfast";

async function main() {
  const client = await connect(process.argv[2], {
    on: {
      message: ({ data }) => {
        console.log(data);
        client.close();
      },
    },
  });
  client.send("steadfast");
}

main();
