/** How often the relay says that it has refused something with this code. */
export async function refusals(relayUrl: string, code = ''): Promise<number> {
  const response = await fetch(new URL('/metrics', relayUrl));
  const line = new RegExp(`^seqline_refusals_total\\{code="${code}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await response.text())?.[1] ?? 0);
}
