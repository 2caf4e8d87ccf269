OK_FORMAT = True

test = {   'name': 'q2',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.isclose(chamfer_distance(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])), 50)\n',
                                       'failure_message': 'two single points 5 apart have Chamfer distance 25 + 25',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
