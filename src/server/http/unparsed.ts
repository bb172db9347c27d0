/** Requests that Node hands to no listener, answered all the same. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

const STATUS_LINES: Record<string, string> = {
  HPE_INVALID_METHOD: '405 Method Not Allowed',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Methods that no HTTP knows are as wrong as CONNECT: 405, where Node says 400 or hangs up without a word.
 */
export function answerUnparsed(http: Server): void {
  http.on('connect', (_request, socket) => {
    // Node has let go of the socket: an error that nobody hears would end the process, and a caller who does
    // not hang up would keep the connection, also from a drain.
    socket.on('error', () => socket.destroy());
    socket.once('finish', () => socket.destroy());
    end(socket, STATUS_LINES['HPE_INVALID_METHOD']);
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else end(socket, STATUS_LINES[error.code ?? '']);
  });
}

function end(socket: Duplex, status = '400 Bad Request'): void {
  if (!socket.writable) return void socket.destroy();
  const allow = status.startsWith('405') ? 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE\r\n' : '';
  socket.end(`HTTP/1.1 ${status}\r\n${allow}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}
