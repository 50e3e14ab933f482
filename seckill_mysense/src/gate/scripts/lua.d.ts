/** Scripts are imported as text: `import source from "./reserve.lua" with { type: "text" }`. */
declare module "*.lua" {
  const source: string;
  export default source;
}
