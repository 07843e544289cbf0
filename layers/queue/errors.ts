/** The queue was closed: nothing is taken or handed out any more. */
export class QueueClosed extends Error {
  readonly code = 'QUEUE_CLOSED';
  constructor() {
    super('the queue is closed');
  }
}
