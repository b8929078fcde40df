export default {
  mode: "production",
  entry: { index: "./src/index.js", core: "./src/core.js", inline: "./src/inline.js" },
  performance: false, // its size hints are warnings, and the build has to be free of warnings
};
