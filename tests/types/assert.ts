/** Compiles only when the two types are the same one. */
export function same<Left, Right>(
  ..._: (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? [] : ["the types differ"]
): void {}
