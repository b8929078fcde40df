// `npm run build`: makes dist/, the published package.

import { main } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  await setUp(["package"]);
});
