OK_FORMAT = True

test = {   'name': 'q7',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': '>>> assert set(l1) == set(one_way) == set(clouds)\n',
                                       'failure_message': 'one number for each of your clouds',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 0},
                                   {   'code': '>>> _, x, ys = my_object(STUDENT)\n'
                                               '>>> assert all((np.isclose(l1[name], (lambda d: (d.min(1).mean() + d.min(0).mean()) / 2)(np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1)))) for name, y '
                                               'in ys.items()))\n',
                                       'failure_message': 'the figures are not those of the object that belongs to your student number',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> _, x, ys = my_object(STUDENT)\n'
                                               '>>> assert all((np.isclose(one_way[name], np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1)).min(0).mean()) for name, y in ys.items()))\n',
                                       'failure_message': "one way means from the cloud's points to the object - what the cloud leaves out is not felt",
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> assert best_by_l1 == min(l1, key=l1.get) and best_by_one_way == min(one_way, key=one_way.get)\n',
                                       'failure_message': 'the best is the one with the smallest number - and the two ways of measuring disagree',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
