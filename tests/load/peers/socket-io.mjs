// A socket.io server for the load generator: passes messages on to a room, answers, keeps nothing.
//
//   node socket-io.mjs FOLDER     where npm installed socket.io
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [folder] = process.argv.slice(2);
const { Server } = createRequire(join(resolve(folder), 'index.js'))('socket.io');

const http = createServer();
const server = new Server(http, { serveClient: false });
server.on('connection', (socket) => {
  socket.on('join', (lane, answer) => {
    socket.join(`lane-${lane}`);
    answer();
  });
  socket.on('send', (lane, body, answer) => {
    server.to(`lane-${lane}`).emit('message', body);
    answer();
  });
});
http.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${http.address().port}`);
});
