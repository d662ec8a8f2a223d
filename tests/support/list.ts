/** What a list has at a place, counted from its end if below 0. @throws if it has nothing there */
export function at<T>(list: readonly T[], index: number): T {
  const one = list.at(index);
  if (one === undefined) throw new Error(`a list of ${list.length} has nothing at ${index}`);
  return one;
}
