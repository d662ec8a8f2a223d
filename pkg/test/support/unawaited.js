// A program that awaits nothing of what it asks for, and must end well all the same.
import { createClient } from 'seqline';

const client = createClient('http://127.0.0.1:1', { token: 'x' });
client.on('error', () => undefined);
client.send({ to: { user: 'not an id' }, body: 'x' });
client.send({ to: { user: 'bob' }, body: undefined });
client.connect();
setTimeout(() => client.dispose(), 100);
