// Every environment that the package has to work in.
//
// Each has a `name`; `prepare(project)`, which makes a fresh project and installs the package in it; and `uses`, by
// name ("" where there is one): `(project, entry, tools)` makes something of the project with this entry, shows that
// the echo comes back or throws why not, and may resolve with `gzippedBytes`. `node` is the Node that runs its tools,
// `entries` what is tried, `ownWarnings` what its template warns of by itself.

import { BUNDLERS } from "./bundlers.mjs";
import { FRAMEWORKS } from "./frameworks.mjs";
import { RUNNERS } from "./runners.mjs";
import { RUNTIMES } from "./runtimes.mjs";
import { TYPES } from "./types.mjs";
import { VITE } from "./vite.mjs";

export const ENVIRONMENTS = [...BUNDLERS, ...VITE, ...FRAMEWORKS, ...RUNTIMES, ...RUNNERS, ...TYPES];
