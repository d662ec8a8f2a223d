/** The relay's HTTP API, as an app's server or an operator calls it. */

/**
 * @param method such as `users.kick`
 * @throws an error with the relay's answer, if it refuses
 */
export async function callApi<Value>(
  relayUrl: string,
  token: string,
  method: string,
  params: object,
): Promise<Value> {
  const response = await fetch(new URL(`/v1/${method.replace('.', '/')}`, relayUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(params),
  });
  if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
  return (await response.json()) as Value;
}
