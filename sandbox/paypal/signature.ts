// Signatures of the fake PayPal. The real one signs with a certificate and says itself whether a notification is its own;
// the fake keeps the headers and the question, and signs with a secret.
import { createHmac } from 'node:crypto';
import { newId } from '../provider/ids.ts';

const digest = (secret: string, parts: readonly string[]): string =>
  createHmac('sha256', secret).update(parts.join('|')).digest('base64');

export function eventHeaders(event: object, secret: string): Readonly<Record<string, string>> {
  const id = newId('tr');
  const time = new Date().toISOString();
  return {
    'paypal-auth-algo': 'SHA256withRSA',
    'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/fake',
    'paypal-transmission-id': id,
    'paypal-transmission-time': time,
    'paypal-transmission-sig': digest(secret, [id, time, JSON.stringify(event)]),
  };
}

/** The question of verify-webhook-signature. */
export function isSound(asked: Readonly<Record<string, unknown>>, secret: string): boolean {
  const { transmission_id: id, transmission_time: time, webhook_event: event } = asked;
  const expected = digest(secret, [String(id), String(time), JSON.stringify(event)]);
  return asked['transmission_sig'] === expected;
}
