// The demo: www/ into www/dist, which the dev server serves.

import path from "node:path";
import { fileURLToPath } from "node:url";
import HtmlWebpackPlugin from "html-webpack-plugin";
import MiniCssExtractPlugin from "mini-css-extract-plugin";

const here = (...parts) => path.join(path.dirname(fileURLToPath(import.meta.url)), ...parts);

export default {
  mode: "production",
  entry: here("www/src/main.js"),
  output: {
    path: here("www/dist"),
    filename: "[name].[contenthash:10].js",
    assetModuleFilename: "[name].[contenthash:10][ext]",
    clean: true,
  },
  resolve: {
    // The demo imports the package by its name, as any user does.
    alias: { "steadfast/inline$": here("dist/inline.js"), steadfast$: here("dist/index.js") },
  },
  module: {
    rules: [{ test: /\.css$/, use: [MiniCssExtractPlugin.loader, "css-loader"] }],
  },
  plugins: [
    new HtmlWebpackPlugin({ template: here("www/index.html"), scriptLoading: "module" }),
    new MiniCssExtractPlugin({ filename: "[name].[contenthash:10].css" }),
  ],
  stats: "errors-warnings",
};
