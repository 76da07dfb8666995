// Imported plainly, by a hot module: no hot module itself.
export const now = (): Date | string => new Date();
