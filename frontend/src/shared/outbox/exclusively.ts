/** Lets one tab at a time do its work under a name; where the browser has no locks, each does. */
export async function exclusively<Result>(
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return navigator.locks ? await navigator.locks.request(name, work) : await work();
}
