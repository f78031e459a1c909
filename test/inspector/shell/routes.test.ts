import { expect, it } from 'vitest';
import { inspectorLink, routeOf } from '../../../inspector/shell/routes.ts';

it('leads every address to a page, and old or broken ones to the queue', () => {
  for (const hash of ['', '#', '#/', '#/queue', '#/nothing/here', '#/machinesX', '#%zz'])
    expect(routeOf(hash)).toEqual({ page: 'queue' });
  expect(routeOf('#/login')).toEqual({ page: 'login' });
});

it('hands the inspector what follows its name, untouched', () => {
  expect(routeOf('#/machines')).toEqual({ page: 'machines', place: '' });
  expect(routeOf('#/machines/upload/01J@4711')).toEqual({ page: 'machines', place: '/upload/01J@4711' });
  expect(routeOf('#/machines@12')).toEqual({ page: 'machines', place: '@12' });
  expect(routeOf(inspectorLink('upload/01J'))).toEqual({ page: 'machines', place: '/upload/01J' });
});
