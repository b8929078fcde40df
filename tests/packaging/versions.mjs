// Every tool that the package is tried with, pinned, at the newest patch of its line that installs.

/** What `npm install` gets, by the name that the environments use. */
export const TOOLS = {
  bun: ["bun@1.4.5"],
  deno: ["deno@2.9.6"],
  node20: ["node@20.20.2"],
  node22: ["node@22.23.3"],
  node24: ["node@24.21.0"],
  ws: ["ws@8.23.0"],

  esbuild: ["esbuild@0.28.2"],
  parcel2: ["parcel@2.16.4"],
  rollup4: ["rollup@4.68.8", "@rollup/plugin-node-resolve@16.0.3"],
  vite5: ["vite@5.4.21"],
  vite6: ["vite@6.4.6"],
  vite7: ["vite@7.3.8"],
  vite8: ["vite@8.4.0"],
  webpack5: ["webpack@5.113.0", "webpack-cli@7.3.1"],

  next16: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
  nuxt4: ["nuxt@4.5.2", "vite@8.3.8", "vue@3.5.45"], // its own build fails with Vite 8.4
  sveltekit: ["@sveltejs/kit@2.70.4", "@sveltejs/vite-plugin-svelte@7.3.1", "svelte@5.57.3", "vite@8.4.0"],

  babel: ["@babel/core@7.29.7", "@babel/preset-env@7.29.7"],
  jest29: ["jest@29.7.0", "jest-environment-jsdom@29.7.0"],
  jest30: ["jest@30.5.2", "jest-environment-jsdom@30.5.2"],
  vitest4: ["vitest@4.1.12", "jsdom@26.1.0"],
  vitest5: ["vitest@5.1.2", "jsdom@26.1.0"], // with jsdom 31 no WebSocket opens in Vitest

  attw: ["@arethetypeswrong/cli@0.18.5"],
  publint: ["publint@0.3.25"],
  typescript52: ["typescript@5.2.2"],
  typescript59: ["typescript@5.9.3"],
  typescript7: ["typescript@7.0.2"],
};

/** The packages behind `npm create`, which bring the start templates. */
export const TEMPLATES = {
  next16: "create-next-app@16.4.3",
  sveltekit: "sv@0.17.1",
  vite5: "create-vite@5.5.5",
  vite6: "create-vite@6.5.0",
  vite7: "create-vite@7.1.3",
  vite8: "create-vite@9.3.0",
};
