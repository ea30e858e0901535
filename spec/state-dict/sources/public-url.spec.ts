import { expect } from 'chai';
import { hasCredentials, publicUrl, withPublicUrls } from '../../../src/state-dict/sources/public-url.js';

describe('publicUrl', () => {
  it('leaves out users and passwords, and masks the values of a query', () => {
    for (const [url, shown] of [
      ['https://host/m.safetensors', 'https://host/m.safetensors'],
      ['https://user:hunter2@host:8/m', 'https://host:8/m'],
      ['https://user:p@ss@host/a@b', 'https://host/a@b'],
      ['https:user:hunter2@host/m', 'https:host/m'],
      ['//user:hunter2@host/m', '//host/m'],
      ['https://host?user@token=hf_abc', 'https://host?user@token=...'],
      ['m?download=true&sig=a=b&c#t=hf', 'm?download=...&sig=...&...#t=...'],
      ['https://host/m?hf_abc', 'https://host/m?...'],
      ['https://host/m?', 'https://host/m?'],
      ['models@1/m', 'models@1/m'],
    ]) {
      expect(publicUrl(url)).to.equal(shown);
    }
  });

  it('finds URLs in a text', () => {
    expect(withPublicUrls('TypeError: no "https://a:b@c/d?e=f" and ftp://g:h@i, 5')).to.equal(
      'TypeError: no "https://c/d?e=..." and ftp://i, 5',
    );
  });
});

describe('hasCredentials', () => {
  it('knows a user, a password and none', () => {
    for (const url of ['https://u@h/', 'https://:p@h/', 'https:u:p@h'])
      expect(hasCredentials(url), url).to.equal(true);
    for (const url of ['https://h/a@b', 'm?a@b', 'data:,a@b'])
      expect(hasCredentials(url), url).to.equal(false);
  });
});
