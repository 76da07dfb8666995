// Imported plainly, by a hot module: no hot module itself. Its edits update the module that imports it.
export const title = (name: string): string => name;
