/** URLs as messages show them: users and passwords are left out, and values of a query masked, since they may be secrets. */

/** A URL without its secrets: `https://host/m?token=...`. */
export function publicUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2})[^/\\?#]*@/i, '$1')
    .replace(/[?#].*$/s, (query) =>
      query.replace(/([?&#])([^?&#=]*)(=?)[^&#]*/g, (_, separator: string, name: string, equals: string) =>
        equals ? `${separator}${name}=...` : `${separator}${name && '...'}`,
      ),
    );
}

/** A text in which others may have put URLs. */
export function withPublicUrls(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, publicUrl);
}

/** Whether a URL holds a user or a password, with which `fetch` takes none. */
export function hasCredentials(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
