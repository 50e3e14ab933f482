/** murmur-kernel.wat as a binary in base64; `npm run kernels` writes this file. */
export const murmurKernel =
  "AGFzbQEAAAABBwFgA39/fwACEwEHa2VybmVscwZtZW1vcnkCAAEDAgEABwcBA21peAAACmABXgIBfgF+IAApAAAhAwNAIAEpAABCldPH3rXyqdJGfiEEIAQgBEIviIVCldPH3rXyqdJGfiEEIAMgBIVCldPH3rXyqdJGfiEDIAFBCGohASABIAJJDQALIAAgAzcAAAs=";
