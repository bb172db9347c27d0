import { describe, expect, it } from 'vitest';
import { toPerson } from '../../../src/server/keys/single-sign-on.ts';

const settings = {
  groupsClaim: 'groups',
  roles: { reader: ['shop', 'copy'], writer: ['copy'], admin: ['owners'] },
};
const roleOf = (groups: unknown, roles = settings.roles): string =>
  toPerson({ sub: 'u1', groups }, { ...settings, roles }).role;

describe('the role of a person', () => {
  it.each([
    [['shop'], 'reader'],
    ['shop', 'reader'],
    [['copy'], 'writer'],
    [['shop', 'copy', 'owners'], 'admin'],
    [['owners', 'copy', 'shop'], 'admin'],
    ['owners', 'admin'],
    [['strange', 7, null, 'copy'], 'writer'],
  ])('is the highest that the groups give: %j', (groups, role) => {
    expect(roleOf(groups)).toBe(role);
  });

  it.each([
    [undefined],
    [null],
    [''],
    [[]],
    ['owners shop'],
    ['Owners'],
    ['*'],
    [['*']],
    [[['owners']]],
    [{ owners: true }],
    [[{ name: 'owners' }]],
    [true],
  ])('is none with the groups %j', (groups) => {
    expect(() => roleOf(groups)).toThrow(/u1 is in no group that has a role here/);
  });

  it("is everybody's where * stands for it, and higher for who is in a group", () => {
    const roles = { ...settings.roles, reader: ['*'] };
    expect([roleOf(undefined, roles), roleOf(['strange'], roles), roleOf(['owners'], roles)]).toEqual([
      'reader',
      'reader',
      'admin',
    ]);
  });

  it('is read from the claim that the settings name, not from a part of it', () => {
    const groupsClaim = 'https://shop.example/groups';
    const person = toPerson({ sub: 'u1', [groupsClaim]: ['owners'] }, { ...settings, groupsClaim });
    expect(person.role).toBe('admin');
    expect(() => toPerson({ sub: 'u1', groups: ['owners'] }, { ...settings, groupsClaim })).toThrow(
      /the claim https:\/\/shop\.example\/groups lists/,
    );
  });
});

describe('the name of a person', () => {
  it.each([
    [{ email: 'ada@example.com', preferred_username: 'ada', name: 'Ada' }, 'ada@example.com'],
    [{ email: '', preferred_username: 'ada', name: 'Ada' }, 'ada'],
    [{ name: 'Ada' }, 'Ada'],
    [{ email: 7 }, 'u1'],
  ])('is told by the first claim that holds one: %j', (claims, name) => {
    const person = toPerson({ sub: 'u1', groups: 'shop', ...claims }, settings);
    expect(person).toMatchObject({ subject: 'u1', name });
  });
});
